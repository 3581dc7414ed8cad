-- migrate:up

-- LOCK: reads and writes of public.p27 wait until the migration is committed.
ALTER TABLE ONLY public.p27
  ALTER COLUMN n SET DEFAULT 1;

-- LOCK: reads and writes of public.p26 wait until the migration is committed.
ALTER TABLE ONLY public.p26
  ALTER COLUMN n SET DEFAULT 2;
