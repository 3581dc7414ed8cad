CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE MATERIALIZED VIEW m AS SELECT name FROM users;
CREATE INDEX m_name ON m (name);
