-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP INDEX public.by_name;
