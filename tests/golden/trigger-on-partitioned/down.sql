-- migrate:down

-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
DROP TRIGGER tr ON public.p;
