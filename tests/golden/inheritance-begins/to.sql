CREATE TABLE a (id int NOT NULL, CONSTRAINT positive CHECK (id > 0));
CREATE TABLE b (id int, x int, CONSTRAINT positive CHECK (id > 0)) INHERITS (a);
