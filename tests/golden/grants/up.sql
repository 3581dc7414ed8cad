-- migrate:up

REVOKE ALL ON FUNCTION public.f() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.f() TO reader;

GRANT USAGE ON SCHEMA public TO reader;

GRANT USAGE ON SEQUENCE public.s TO reader;

GRANT INSERT, SELECT ON TABLE public.users TO reader;

GRANT UPDATE (name) ON TABLE public.users TO reader;
