CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_less (pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a < ($2).a';
CREATE OPERATOR <# (FUNCTION = pair_less, LEFTARG = pair, RIGHTARG = pair);
ALTER OPERATOR <# (pair, pair) OWNER TO clerk;
CREATE OPERATOR FAMILY pairs USING btree;
CREATE OPERATOR CLASS pair_hash FOR TYPE pair USING hash AS STORAGE pair;
