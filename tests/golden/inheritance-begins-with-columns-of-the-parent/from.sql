CREATE TABLE a (id int, name text DEFAULT 'none');
CREATE TABLE b (id int, x int);
