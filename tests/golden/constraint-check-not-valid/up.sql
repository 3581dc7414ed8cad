-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
