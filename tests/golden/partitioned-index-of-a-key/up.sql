-- migrate:up

-- LOCK: reads and writes of public.t, public.t_2024 wait until the migration is committed.
DROP INDEX public.t_key CASCADE;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.t_2024 is read under the lock.
-- ONLINE: add it to the partitions first, one by one.
ALTER TABLE public.t
  ADD CONSTRAINT t_key PRIMARY KEY (id, day);
