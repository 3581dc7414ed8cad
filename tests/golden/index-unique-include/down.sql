-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.i;
