-- migrate:up

-- LOCK: writes to public.users wait until the migration is committed.
ALTER TABLE public.users
  DISABLE TRIGGER tr;
