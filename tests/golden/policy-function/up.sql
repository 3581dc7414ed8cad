-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

DROP FUNCTION public.me();

-- SECURITY: the policy own calls this function, and may let through rows of public.users that it kept back. Compare the two.
CREATE OR REPLACE FUNCTION public.me() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_user::text $$;

-- SECURITY: the policy own has another condition, or one over other types, which may let through rows of public.users that the old one kept back. Compare the two.
CREATE POLICY own ON public.users USING (name = public.me());
