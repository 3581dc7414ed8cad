CREATE TYPE row_type AS (a int, b text);
CREATE TABLE t (a int, b text) WITH (toast.autovacuum_enabled = false);
CREATE INDEX t_a ON t (a);
ALTER TABLE t CLUSTER ON t_a;
CREATE TABLE u OF row_type;
