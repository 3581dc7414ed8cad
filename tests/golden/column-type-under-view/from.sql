CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE VIEW ids AS SELECT id FROM users;
