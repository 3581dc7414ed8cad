CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL,
  active boolean NOT NULL DEFAULT true
);
