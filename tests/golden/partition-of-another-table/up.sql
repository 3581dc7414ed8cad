-- migrate:up

-- LOCK: reads and writes of public.p, public.r wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.r;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.r is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.q
  ATTACH PARTITION public.r FOR VALUES IN (1, 2);
