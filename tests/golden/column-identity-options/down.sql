-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET GENERATED ALWAYS;

ALTER TABLE public.t
  ALTER COLUMN id SET INCREMENT BY 1 SET START WITH 1;
