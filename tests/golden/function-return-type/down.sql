-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

DROP FUNCTION public.f(integer);

CREATE OR REPLACE FUNCTION public.f(a integer)
 RETURNS integer
 LANGUAGE sql
AS $function$ SELECT a $function$;

CREATE VIEW public.v AS SELECT public.f(1) AS x;
