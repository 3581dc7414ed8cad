-- migrate:up

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.events_a is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.events_a wait until the migration is committed.
ALTER TABLE public.events_a
  ALTER COLUMN id SET NOT NULL;

ALTER TABLE public.events_a
  ADD CONSTRAINT events_a_key PRIMARY KEY USING INDEX events_a_key;
