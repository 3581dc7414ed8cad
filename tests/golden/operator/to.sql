CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_less (pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a < ($2).a';
CREATE FUNCTION pair_more (pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a > ($2).a';
CREATE OPERATOR <# (FUNCTION = pair_less, LEFTARG = pair, RIGHTARG = pair, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR ># (FUNCTION = pair_more, LEFTARG = pair, RIGHTARG = pair);
CREATE FUNCTION pair_size (pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a';
CREATE OPERATOR @# (FUNCTION = pair_size, RIGHTARG = pair);
CREATE VIEW v AS SELECT ROW (1, 2)::pair ># ROW (1, 3)::pair AS more;
