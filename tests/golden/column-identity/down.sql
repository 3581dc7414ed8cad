-- migrate:down

-- DATA LOSS: its next number is gone.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id DROP IDENTITY;
