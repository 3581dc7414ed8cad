CREATE FUNCTION norm (value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(value)';
CREATE FUNCTION other () RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE TABLE t (name text, key text GENERATED ALWAYS AS (norm(name)) STORED);
CREATE UNIQUE INDEX t_norm ON t (norm(name));
CREATE VIEW v AS SELECT norm(name) FROM t;
