-- migrate:up

-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.a
  ADD COLUMN y integer;
