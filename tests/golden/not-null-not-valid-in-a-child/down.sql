-- migrate:down

-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  ALTER COLUMN n DROP NOT NULL;
