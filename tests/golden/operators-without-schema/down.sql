-- migrate:down

-- LOCK: reads and writes of public.cats wait until the migration is committed.
DROP TRIGGER ct ON public.cats;

-- LOCK: reads and writes of public.va wait until the migration is committed.
DROP VIEW public.va;

ALTER TABLE public.cats
  DROP CONSTRAINT alike;
