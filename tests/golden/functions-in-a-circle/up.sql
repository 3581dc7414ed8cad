-- migrate:up

SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION public.is_odd(n integer)
 RETURNS boolean
 LANGUAGE sql
AS $function$ SELECT n > 0 AND is_even(n - 1) $function$;
RESET check_function_bodies;

CREATE OR REPLACE FUNCTION public.is_even(n integer)
 RETURNS boolean
 LANGUAGE sql
AS $function$ SELECT n = 0 OR is_odd(n - 1) $function$;
