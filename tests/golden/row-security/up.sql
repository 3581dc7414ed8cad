-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  FORCE ROW LEVEL SECURITY;

ALTER TABLE public.users
  ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON public.users FOR SELECT TO reader USING (name = current_user);
