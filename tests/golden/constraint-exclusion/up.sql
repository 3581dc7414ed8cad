-- migrate:up

-- ROWS: fails if two of them exclude each other.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD CONSTRAINT t_during_excl EXCLUDE USING gist (during WITH &&);
