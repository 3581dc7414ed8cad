CREATE TABLE users (
  id bigint PRIMARY KEY,
  name text NOT NULL
);
CREATE VIEW ids AS SELECT id FROM users;
