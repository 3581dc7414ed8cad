-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP POLICY own ON public.t;

ALTER TABLE public.t
  ALTER COLUMN owner TYPE text USING owner::text;

CREATE POLICY own ON public.t USING (owner = current_user);
