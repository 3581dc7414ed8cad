CREATE TABLE p (d date, n int, note text) PARTITION BY RANGE (d);
CREATE TABLE t (d date, old int);
