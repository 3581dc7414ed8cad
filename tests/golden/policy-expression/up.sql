-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

CREATE POLICY own ON public.users AS RESTRICTIVE USING (name = current_user) WITH CHECK (id > 0);
