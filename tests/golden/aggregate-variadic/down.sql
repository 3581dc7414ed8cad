-- migrate:down

DROP AGGREGATE public.joined(VARIADIC integer[]);

CREATE AGGREGATE public.joined(integer[]) (
  SFUNC = array_cat,
  STYPE = integer[]
);
