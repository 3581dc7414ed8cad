-- migrate:up

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.p26 wait until the migration is committed.
ALTER TABLE public.p26
  ADD CONSTRAINT few CHECK (n < 100);

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.p27 is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.p27 wait until the migration is committed.
ALTER TABLE public.p27
  ALTER COLUMN d SET NOT NULL;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.p27 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p27
  ADD CONSTRAINT few CHECK (n < 100);

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p27 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p27 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
