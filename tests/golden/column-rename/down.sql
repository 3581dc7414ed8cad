-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  RENAME COLUMN full_name TO name;
