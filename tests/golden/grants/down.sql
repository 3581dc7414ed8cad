-- migrate:down

REVOKE ALL ON FUNCTION public.f() FROM reader;

REVOKE ALL ON SCHEMA public FROM reader;

REVOKE ALL ON SEQUENCE public.s FROM reader;

REVOKE ALL (name) ON TABLE public.users FROM reader;

REVOKE ALL ON TABLE public.users FROM reader;

-- SECURITY: everybody who can connect gets this right.
GRANT EXECUTE ON FUNCTION public.f() TO PUBLIC;
