CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE INDEX by_name ON users (lower(name));
