-- migrate:up

DROP STATISTICS public.ls;

DROP FUNCTION public.rate(integer);

CREATE OR REPLACE FUNCTION public.rate(x integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT x + 1 $$;

CREATE STATISTICS public.ls ON id, public.rate(n) FROM public.loads;
