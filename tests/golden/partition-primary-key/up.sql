-- migrate:up

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  ALTER COLUMN d SET NOT NULL;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.p
  ALTER COLUMN n SET NOT NULL;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: add it to the partitions first, one by one.
ALTER TABLE public.p
  ADD CONSTRAINT p_pkey PRIMARY KEY (d, n);
