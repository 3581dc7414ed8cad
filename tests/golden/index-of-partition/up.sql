-- migrate:up

COMMENT ON INDEX public.p1_a_idx IS NULL;

COMMENT ON INDEX public.p2_a_b_idx IS NULL;

ALTER INDEX public.p1_a_b_idx RESET (fillfactor);

ALTER INDEX public.p1_b_idx SET (deduplicate_items=off, fillfactor=70);

-- LOCK: reads and writes of public.p, public.p1, public.p2 wait until the migration is committed.
DROP INDEX public.p_ab;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.p1, public.p2 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.p
  ALTER COLUMN a SET NOT NULL;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.p1, public.p2 is read under the lock.
-- ONLINE: add it to the partitions first, one by one.
ALTER TABLE public.p
  ADD CONSTRAINT p_pkey PRIMARY KEY (a);

ALTER INDEX public.p2_b_idx SET (deduplicate_items=off, fillfactor=90);

COMMENT ON INDEX public.p2_a_idx IS 'searched often';

COMMENT ON INDEX public.p2_pkey IS 'its part of the key';

ALTER INDEX public.p1_a_idx SET (fillfactor=60);

ALTER INDEX public.p1_pkey SET (fillfactor=95);
