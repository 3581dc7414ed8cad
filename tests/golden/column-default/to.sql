CREATE TABLE t (a int DEFAULT 2, b int DEFAULT 2, c int);
