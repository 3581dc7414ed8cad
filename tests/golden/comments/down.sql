-- migrate:down

COMMENT ON COLUMN public.users.name IS NULL;

COMMENT ON CONSTRAINT users_pkey ON public.users IS NULL;

COMMENT ON FUNCTION public.f() IS NULL;

COMMENT ON INDEX public.i IS NULL;

COMMENT ON TABLE public.users IS NULL;

COMMENT ON TYPE public.mood IS NULL;

COMMENT ON SCHEMA public IS 'standard public schema';
