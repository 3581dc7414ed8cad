-- migrate:up

-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  ADD COLUMN note text NOT NULL DEFAULT '';

ALTER TABLE public.p
  DETACH PARTITION public.p26;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p26 FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
