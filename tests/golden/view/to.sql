CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE VIEW v WITH (security_barrier) AS SELECT name FROM users;
