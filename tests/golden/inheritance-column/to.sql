CREATE TABLE a (id int, y int);
CREATE TABLE b (x int) INHERITS (a);
