-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP TRIGGER tr ON public.users;
