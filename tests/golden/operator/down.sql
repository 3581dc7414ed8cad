-- migrate:down

DROP OPERATOR "public".@# (NONE, public.pair);

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW "public"."v";

DROP FUNCTION "public"."pair_size"(public.pair);

ALTER OPERATOR "public".<# (public.pair, public.pair) SET (RESTRICT = NONE, JOIN = NONE);

DROP OPERATOR "public".># (public.pair, public.pair);
