-- migrate:up

-- ROWS: fails if two share a key.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD CONSTRAINT t_a_key UNIQUE (a);
