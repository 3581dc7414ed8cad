-- migrate:down

-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.a
  DROP CONSTRAINT positive;

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  DROP CONSTRAINT positive;
