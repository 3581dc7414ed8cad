CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE TABLE v (id int);
