-- migrate:down

ALTER INDEX public.t_a SET (fillfactor='50', deduplicate_items=off);

ALTER INDEX public.t_b RESET (fastupdate);

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.t_other;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX t_other ON public.t (a)
  WITH (fillfactor='50');
