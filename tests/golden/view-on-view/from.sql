CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE VIEW v AS SELECT id, name FROM users;
CREATE VIEW w AS SELECT id FROM v;
