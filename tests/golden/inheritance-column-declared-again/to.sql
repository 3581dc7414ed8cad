CREATE TABLE a (id int, at date NOT NULL);
CREATE TABLE b (id int NOT NULL DEFAULT 5, x int) INHERITS (a);
