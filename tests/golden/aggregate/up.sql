-- migrate:up

CREATE OR REPLACE FUNCTION public.add(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + $2 $$;

CREATE AGGREGATE public.total(int) (SFUNC = public.add, STYPE = int, INITCOND = '0');
