-- migrate:down

DROP STATISTICS public.ls;

DROP FUNCTION public.rate(integer);

CREATE OR REPLACE FUNCTION public.rate(x integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT x + 1 $function$;

CREATE STATISTICS public.ls ON id, public.rate(n) FROM public.loads;
