-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

DROP FUNCTION public.me();

CREATE OR REPLACE FUNCTION public.me()
 RETURNS character varying
 LANGUAGE sql
 STABLE
AS $function$ SELECT current_user::varchar $function$;

CREATE POLICY own ON public.users USING (name = public.me());
