-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.i;

-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX i ON public.t (a)
  WHERE b;
