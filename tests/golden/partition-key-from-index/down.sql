-- migrate:down

-- LOCK: reads and writes of public.events_a wait until the migration is committed.
ALTER TABLE public.events_a
  DROP CONSTRAINT events_a_key;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.events_a is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX events_a_key ON public.events_a (kind, id);

ALTER TABLE public.events_a
  ALTER COLUMN id DROP NOT NULL;
