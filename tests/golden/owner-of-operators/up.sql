-- migrate:up

ALTER OPERATOR CLASS public.pair_hash USING hash OWNER TO clerk;

ALTER OPERATOR FAMILY public.pairs USING btree OWNER TO clerk;

ALTER OPERATOR public.<# (public.pair, public.pair) OWNER TO CURRENT_USER;

CREATE OPERATOR public.<<# (FUNCTION = public.pair_less, LEFTARG = public.pair, RIGHTARG = public.pair);

ALTER OPERATOR public.<<# (public.pair, public.pair) OWNER TO manager;
