CREATE TABLE p (d date, n int);
