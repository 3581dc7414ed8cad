-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  REPLICA IDENTITY FULL;
