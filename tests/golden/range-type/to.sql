CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE t (s span);
