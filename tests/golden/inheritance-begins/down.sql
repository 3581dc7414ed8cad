-- migrate:down

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  NO INHERIT public.a;

ALTER TABLE public.b
  DROP CONSTRAINT positive;

ALTER TABLE public.b
  ALTER COLUMN id DROP NOT NULL;
