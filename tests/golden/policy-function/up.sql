-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

DROP FUNCTION public.me();

CREATE OR REPLACE FUNCTION public.me() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_user::text $$;

CREATE POLICY own ON public.users USING (name = public.me());
