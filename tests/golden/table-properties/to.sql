CREATE TYPE row_type AS (a int, b text);
CREATE TABLE t OF row_type WITH (toast.vacuum_truncate = false);
CREATE INDEX t_a ON t (a);
CREATE TABLE u (a int, b text);
CREATE INDEX u_a ON u (a);
ALTER TABLE u CLUSTER ON u_a;
