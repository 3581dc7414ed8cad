-- migrate:up

CREATE OR REPLACE FUNCTION public.add(integer, integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT $1 + $2 $function$;

CREATE AGGREGATE public.total(integer) (
  SFUNC    = public.add,
  STYPE    = integer,
  INITCOND = '0'
);
