-- migrate:up

DROP AGGREGATE public.joined(integer[]);

CREATE AGGREGATE public.joined(VARIADIC integer[]) (
  SFUNC = array_cat,
  STYPE = integer[]
);
