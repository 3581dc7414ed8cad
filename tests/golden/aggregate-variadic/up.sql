-- migrate:up

DROP AGGREGATE public.joined(integer[]);

CREATE AGGREGATE public.joined (VARIADIC int[]) (SFUNC = array_cat, STYPE = int[]);
