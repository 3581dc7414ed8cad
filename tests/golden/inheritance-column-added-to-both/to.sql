CREATE TABLE a (id int, y int);
CREATE TABLE b (x int, y int DEFAULT 3) INHERITS (a);
