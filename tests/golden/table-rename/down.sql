-- migrate:down

-- LOCK: reads and writes of public.people wait until the migration is committed.
ALTER TABLE public.people
  RENAME TO users;
