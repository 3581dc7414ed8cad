CREATE TYPE pair AS (a bigint, b int);
CREATE TABLE t (p pair, q pair[]);
