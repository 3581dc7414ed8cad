CREATE FUNCTION apart(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT a - b';
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = apart);
CREATE TABLE readings (id int PRIMARY KEY, during span, EXCLUDE USING gist (during WITH &&));
