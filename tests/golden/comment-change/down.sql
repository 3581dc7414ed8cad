-- migrate:down

COMMENT ON TABLE public.users IS 'a';
