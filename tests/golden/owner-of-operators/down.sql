-- migrate:down

DROP OPERATOR public.<<# (public.pair, public.pair);

ALTER OPERATOR CLASS public.pair_hash USING hash OWNER TO CURRENT_USER;

ALTER OPERATOR FAMILY public.pairs USING btree OWNER TO CURRENT_USER;

ALTER OPERATOR public.<# (public.pair, public.pair) OWNER TO clerk;
