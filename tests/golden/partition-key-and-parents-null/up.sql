-- migrate:up

-- LOCK: reads and writes of public.events_a wait until the migration is committed.
DROP INDEX public.events_a_key;

-- LOCK: reads and writes of public.events, public.events_a wait until the migration is committed.
ALTER TABLE public.events
  ALTER COLUMN kind DROP NOT NULL;

ALTER TABLE public.events
  ALTER COLUMN note DROP NOT NULL;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.events_a is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.events_a
  ADD CONSTRAINT events_a_key PRIMARY KEY (kind, id);
