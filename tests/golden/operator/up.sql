-- migrate:up

CREATE OR REPLACE FUNCTION public.pair_size (public.pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a';

ALTER OPERATOR public.<# (public.pair, public.pair) SET (RESTRICT = scalarltsel, JOIN = scalarltjoinsel);

CREATE OPERATOR public.># (FUNCTION = public.pair_more, LEFTARG = public.pair, RIGHTARG = public.pair);

CREATE OPERATOR public.@# (FUNCTION = public.pair_size, RIGHTARG = public.pair);

CREATE VIEW public.v AS
 SELECT ROW(1, 2)::public.pair OPERATOR(public.>#) ROW(1, 3)::public.pair AS more;
