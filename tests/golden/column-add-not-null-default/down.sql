-- migrate:down

-- DATA LOSS: what it held is gone.
-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  DROP COLUMN active;
