CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE TABLE posts (author int REFERENCES users);
