CREATE FUNCTION compare_back (int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
CREATE OPERATOR FAMILY numbers USING btree;
CREATE TABLE t (a int);
