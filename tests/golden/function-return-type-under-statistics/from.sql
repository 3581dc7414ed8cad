CREATE FUNCTION rate(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT x + 1 $$;
CREATE TABLE loads (id int PRIMARY KEY, n int);
CREATE STATISTICS ls ON (rate(n)), id FROM loads;
