CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION as_text (pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a::text';
CREATE CAST (pair AS text) WITH FUNCTION as_text (pair) AS ASSIGNMENT;
COMMENT ON CAST (pair AS text) IS 'The first alone';
CREATE CAST (pair AS varchar) WITH INOUT;
