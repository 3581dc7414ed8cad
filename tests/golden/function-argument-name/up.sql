-- migrate:up

DROP FUNCTION public.f(integer);

CREATE OR REPLACE FUNCTION public.f(b int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
