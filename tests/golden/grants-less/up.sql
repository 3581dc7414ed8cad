-- migrate:up

REVOKE INSERT ON TABLE public.users FROM reader;

REVOKE GRANT OPTION FOR SELECT ON TABLE public.users FROM reader;
