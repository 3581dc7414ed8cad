-- migrate:up

DROP FUNCTION public.f(integer);

CREATE OR REPLACE FUNCTION public.f(b integer)
 RETURNS integer
 LANGUAGE sql
AS $function$ SELECT $1 $function$;
