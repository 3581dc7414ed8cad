-- migrate:up

REVOKE ALL ON TABLE public.users FROM reader;

GRANT SELECT ON TABLE public.users TO reader;
