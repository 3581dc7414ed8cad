CREATE TABLE t (a bigint, b bigint, UNIQUE (b));
CREATE VIEW v AS SELECT a, b FROM t;
