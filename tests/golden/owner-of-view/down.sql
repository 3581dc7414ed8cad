-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
ALTER VIEW public.v OWNER TO clerk;
