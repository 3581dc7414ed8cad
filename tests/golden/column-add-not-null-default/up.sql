-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  ADD COLUMN active boolean NOT NULL DEFAULT true;
