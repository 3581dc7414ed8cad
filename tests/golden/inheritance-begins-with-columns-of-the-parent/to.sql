CREATE TABLE a (id int, name text DEFAULT 'none', CONSTRAINT positive CHECK (id > 0));
CREATE TABLE b (id int, x int) INHERITS (a);
