CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE PUBLICATION pub FOR TABLE users;
