-- migrate:down

-- LOCK: reads and writes of public.m wait until the migration is committed.
DROP MATERIALIZED VIEW public.m;
