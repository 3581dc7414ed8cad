CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE VIEW v AS SELECT id FROM users;
GRANT SELECT ON v TO reader;
COMMENT ON VIEW v IS 'who';
