-- migrate:up

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

CREATE VIEW public.v AS SELECT name, id FROM public.users;
