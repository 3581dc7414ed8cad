CREATE TABLE p (d date, n int) PARTITION BY RANGE (d);
CREATE TABLE p26 (d date, n int);
