-- migrate:up

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN a SET NOT NULL;

ALTER TABLE public.t
  REPLICA IDENTITY USING INDEX t_a;
