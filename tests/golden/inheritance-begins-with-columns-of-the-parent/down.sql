-- migrate:down

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  NO INHERIT public.a;

-- LOCK: reads and writes of public.a wait until the migration is committed.
ALTER TABLE public.a
  DROP CONSTRAINT positive;

ALTER TABLE public.b
  DROP CONSTRAINT positive;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.b
  DROP COLUMN name;
