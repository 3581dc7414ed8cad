CREATE FUNCTION ok(n int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT n > 0 $$;
CREATE TABLE t (a int CHECK (ok(a)));
CREATE INDEX i ON t (ok(a));
