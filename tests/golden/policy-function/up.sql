-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

DROP FUNCTION public.me();

CREATE OR REPLACE FUNCTION public.me()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$ SELECT current_user::text $function$;

CREATE POLICY own ON public.users
  FOR ALL
  TO PUBLIC
  USING ((name = public.me()));
