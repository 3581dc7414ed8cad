CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
) WITH (fillfactor = 70, autovacuum_enabled = false);
