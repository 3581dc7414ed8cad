-- migrate:down

COMMENT ON INDEX public.p2_a_idx IS NULL;

COMMENT ON INDEX public.p2_pkey IS NULL;

ALTER INDEX public.p1_a_idx RESET (fillfactor);

ALTER INDEX public.p1_pkey RESET (fillfactor);

-- LOCK: reads and writes of public.p, public.p1, public.p2 wait until the migration is committed.
ALTER TABLE public.p
  DROP CONSTRAINT p_pkey;

ALTER TABLE public.p
  ALTER COLUMN a DROP NOT NULL;

-- SCAN: every row of public.p1, public.p2 is read under the lock.
-- ONLINE: make it ON ONLY the table, then CONCURRENTLY on each partition, and ATTACH those.
CREATE INDEX p_ab ON public.p (a, b);

ALTER INDEX public.p2_b_idx RESET (deduplicate_items, fillfactor);

COMMENT ON INDEX public.p1_a_idx IS 'of one''s own';

COMMENT ON INDEX public.p2_a_b_idx IS 'gone with it';

ALTER INDEX public.p1_a_b_idx SET (fillfactor=50);

ALTER INDEX public.p1_b_idx SET (deduplicate_items=off, fillfactor=80);
