CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
COMMENT ON TABLE users IS 'a';
