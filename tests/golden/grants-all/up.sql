-- migrate:up

GRANT ALL ON SEQUENCE public.s TO reader;

GRANT ALL ON TABLE public.users TO reader;

ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO reader;
