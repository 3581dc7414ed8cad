-- migrate:up

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  ADD COLUMN stars integer DEFAULT 9;

ALTER TABLE public.b
  INHERIT public.a;

-- LOCK: reads and writes of public.p1 wait until the migration is committed.
ALTER TABLE public.p1
  ADD COLUMN stars integer DEFAULT 9;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p1 FOR VALUES IN (1);

ALTER TABLE ONLY public.p1
  ALTER COLUMN stars SET DEFAULT 9;
