-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD COLUMN n integer;

ALTER TABLE public.t
  ADD COLUMN note text;

-- DATA LOSS: what it held is gone; rolling back does not undo that.
ALTER TABLE public.t
  DROP COLUMN old;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.t FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
