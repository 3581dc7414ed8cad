-- migrate:down

ALTER SEQUENCE public.s INCREMENT BY 1 CACHE 1;
