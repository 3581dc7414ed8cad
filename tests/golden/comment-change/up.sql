-- migrate:up

COMMENT ON TABLE public.users IS 'b';
