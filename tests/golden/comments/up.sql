-- migrate:up

COMMENT ON COLUMN public.users.name IS 'in full';

COMMENT ON CONSTRAINT users_pkey ON public.users IS 'key';

COMMENT ON FUNCTION public.f() IS 'none';

COMMENT ON INDEX public.i IS 'find';

COMMENT ON SCHEMA public IS 'ours';

COMMENT ON TABLE public.users IS 'people''s names';

COMMENT ON TYPE public.mood IS 'how';
