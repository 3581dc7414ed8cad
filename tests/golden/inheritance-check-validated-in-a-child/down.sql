-- migrate:down

-- LOCK: reads and writes of public.a, public.b, public.c wait until the migration is committed.
ALTER TABLE public.a
  DROP CONSTRAINT positive;

ALTER TABLE public.a
  ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
