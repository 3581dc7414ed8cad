CREATE TABLE z (id int);
CREATE TABLE b (x int);
CREATE TABLE a (y int) INHERITS (z, b);
