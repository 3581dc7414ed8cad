-- migrate:down

-- LOCK: reads and writes of public.old_orders wait until the migration is committed.
DROP FOREIGN TABLE public.old_orders;
