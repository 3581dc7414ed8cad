-- migrate:up

ALTER SEQUENCE public.s INCREMENT BY 5 CACHE 10;
