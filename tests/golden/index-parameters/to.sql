CREATE TABLE t (a int, b int[]);
CREATE INDEX t_a ON t (a) WITH (fillfactor = 60);
CREATE INDEX t_b ON t USING gin (b) WITH (fastupdate = off) WHERE a > 0;
CREATE UNIQUE INDEX t_other ON t (a DESC) WITH (fillfactor = 60);
