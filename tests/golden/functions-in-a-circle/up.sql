-- migrate:up

SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION public.is_odd(n int) RETURNS boolean LANGUAGE sql AS $$ SELECT n > 0 AND is_even(n - 1) $$;
RESET check_function_bodies;

CREATE OR REPLACE FUNCTION public.is_even(n int) RETURNS boolean LANGUAGE sql AS $$ SELECT n = 0 OR is_odd(n - 1) $$;
