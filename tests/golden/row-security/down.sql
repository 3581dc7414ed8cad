-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

-- SECURITY: policies no longer limit which rows the owner of public.users sees.
ALTER TABLE public.users
  NO FORCE ROW LEVEL SECURITY;

-- SECURITY: policies no longer limit who sees which rows of public.users.
ALTER TABLE public.users
  DISABLE ROW LEVEL SECURITY;
