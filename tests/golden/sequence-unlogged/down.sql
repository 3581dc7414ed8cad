-- migrate:down

ALTER SEQUENCE public.s SET LOGGED;
