-- migrate:down

-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.a
  DROP CONSTRAINT positive;

ALTER TABLE public.b
  DROP CONSTRAINT positive;
