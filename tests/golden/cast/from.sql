CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION as_text (pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a::text';
CREATE CAST (pair AS text) WITH FUNCTION as_text (pair);
