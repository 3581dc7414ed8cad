CREATE TABLE t (a int, b int[]);
CREATE INDEX t_a ON t (a) WITH (fillfactor = 50, deduplicate_items = off);
CREATE INDEX t_b ON t USING gin (b) WHERE a > 0;
CREATE UNIQUE INDEX t_other ON t (a) WITH (fillfactor = 50);
