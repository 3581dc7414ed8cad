-- migrate:down

-- DATA LOSS: what it held is gone.
-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.a
  DROP COLUMN y;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.b
  DROP COLUMN y;
