CREATE FUNCTION norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
CREATE TABLE people (
  name text,
  normed text GENERATED ALWAYS AS (norm(name)) STORED
);
CREATE UNIQUE INDEX people_norm ON people (norm(name));
CREATE VIEW names AS SELECT norm(name) AS name FROM people;
