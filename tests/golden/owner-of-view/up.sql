-- migrate:up

-- SECURITY: it reads and runs with the rights of manager from here on.
-- LOCK: reads and writes of public.v wait until the migration is committed.
ALTER VIEW public.v OWNER TO manager;
