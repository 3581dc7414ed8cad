-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

DROP OPERATOR public.># (public.pair, public.pair);

DROP OPERATOR public.@# (NONE, public.pair);

DROP FUNCTION public.pair_size(public.pair);

ALTER OPERATOR public.<# (public.pair, public.pair) SET (RESTRICT = NONE, JOIN = NONE);
