-- migrate:up

REVOKE ALL ON FUNCTION public.f() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.f() FROM reader;

GRANT EXECUTE ON FUNCTION public.f() TO reader;

REVOKE ALL ON SCHEMA public FROM reader;

GRANT USAGE ON SCHEMA public TO reader;

REVOKE ALL ON SEQUENCE public.s FROM reader;

GRANT USAGE ON SEQUENCE public.s TO reader;

REVOKE ALL ON TABLE public.users FROM reader;

GRANT INSERT, SELECT ON TABLE public.users TO reader;

REVOKE ALL (name) ON TABLE public.users FROM reader;

GRANT UPDATE (name) ON TABLE public.users TO reader;
