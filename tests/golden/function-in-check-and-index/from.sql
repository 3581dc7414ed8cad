CREATE FUNCTION ok(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 0 $$;
CREATE TABLE t (a int CHECK (ok(a)));
CREATE INDEX i ON t (ok(a));
