CREATE TYPE span AS RANGE (subtype = integer);
CREATE TABLE t (s span);
