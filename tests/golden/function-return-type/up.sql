-- migrate:up

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

DROP FUNCTION public.f(integer);

CREATE OR REPLACE FUNCTION public.f(a int) RETURNS bigint LANGUAGE sql AS $$ SELECT a::bigint $$;

CREATE VIEW public.v AS SELECT public.f(1) AS x;
