-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.i;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX i ON public.t (a);
