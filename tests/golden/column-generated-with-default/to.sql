CREATE TABLE t (a int, b bigint NOT NULL DEFAULT 7, c int);
CREATE VIEW v AS SELECT b, c FROM t;
