-- migrate:down

-- SECURITY: it reads and runs with the rights of clerk from here on.
-- LOCK: reads and writes of public.v wait until the migration is committed.
ALTER VIEW public.v OWNER TO clerk;
