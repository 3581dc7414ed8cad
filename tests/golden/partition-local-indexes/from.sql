CREATE TABLE t (id int, day date NOT NULL) PARTITION BY RANGE (day);
