CREATE TABLE users (
  id bigint PRIMARY KEY,
  name text NOT NULL
);
CREATE TABLE posts (author bigint REFERENCES users);
