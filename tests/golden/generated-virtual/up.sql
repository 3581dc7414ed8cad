-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD COLUMN b integer GENERATED ALWAYS AS (a * 2) VIRTUAL;
