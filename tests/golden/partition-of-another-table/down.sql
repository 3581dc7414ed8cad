-- migrate:down

-- LOCK: reads and writes of public.q, public.r wait until the migration is committed.
ALTER TABLE public.q
  DETACH PARTITION public.r;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.r is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.r FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
