-- migrate:up

CREATE OR REPLACE FUNCTION public.f(a integer DEFAULT 1)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$ SELECT a + 1 $function$;
