-- migrate:up

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  ADD COLUMN y integer DEFAULT 3;

-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.a
  ADD COLUMN y integer;
