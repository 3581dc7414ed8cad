-- migrate:up

-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE public.p
  DROP CONSTRAINT few;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.p
  ADD CONSTRAINT few CHECK (n < 10);

COMMENT ON CONSTRAINT few ON public.p1 IS 'as in p';
