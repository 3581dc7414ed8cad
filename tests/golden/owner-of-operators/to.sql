CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_less (pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a < ($2).a';
CREATE OPERATOR <# (FUNCTION = pair_less, LEFTARG = pair, RIGHTARG = pair);
CREATE OPERATOR FAMILY pairs USING btree;
ALTER OPERATOR FAMILY pairs USING btree OWNER TO clerk;
CREATE OPERATOR CLASS pair_hash FOR TYPE pair USING hash AS STORAGE pair;
ALTER OPERATOR CLASS pair_hash USING hash OWNER TO clerk;
CREATE OPERATOR <<# (FUNCTION = pair_less, LEFTARG = pair, RIGHTARG = pair);
ALTER OPERATOR <<# (pair, pair) OWNER TO manager;
