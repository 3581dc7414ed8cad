-- migrate:up

-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  ADD CONSTRAINT n_there NOT NULL n NOT VALID;
