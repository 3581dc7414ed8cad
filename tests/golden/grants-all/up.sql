-- migrate:up

REVOKE ALL ON SEQUENCE public.s FROM reader;

GRANT SELECT, UPDATE, USAGE ON SEQUENCE public.s TO reader;

REVOKE ALL ON TABLE public.users FROM reader;

GRANT ALL ON TABLE public.users TO reader;

ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO reader;
