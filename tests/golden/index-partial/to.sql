CREATE TABLE t (a int, b boolean);
CREATE INDEX i ON t (a) WHERE b;
