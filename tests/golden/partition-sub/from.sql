CREATE TABLE p (d date, n int) PARTITION BY RANGE (d);
