CREATE TABLE t (a bigint CHECK (a > 0), b int GENERATED ALWAYS AS (a * 2) STORED);
CREATE INDEX t_a ON t (a) WHERE a > 10;
