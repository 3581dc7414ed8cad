-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  REPLICA IDENTITY DEFAULT;

ALTER TABLE public.t
  ALTER COLUMN a DROP NOT NULL;
