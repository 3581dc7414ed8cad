-- migrate:down

-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p26;

ALTER TABLE public.p26
  DROP CONSTRAINT positive;

ALTER TABLE public.p26
  ADD CONSTRAINT positive CHECK (n > 0) NOT VALID;

-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
