-- migrate:up

-- LOCK: reads and writes of public.m wait until the migration is committed.
DROP MATERIALIZED VIEW public.m;

CREATE MATERIALIZED VIEW public.m AS SELECT upper(name) AS name FROM public.users;

CREATE INDEX m_name ON public.m (name);
