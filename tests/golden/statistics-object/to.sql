CREATE TABLE t (a int, b int, c int);
CREATE STATISTICS t_ab (dependencies) ON a, b FROM t;
ALTER STATISTICS t_ab SET STATISTICS 500;
CREATE STATISTICS t_abc ON a, b, c FROM t;
COMMENT ON STATISTICS t_abc IS 'They go together';
