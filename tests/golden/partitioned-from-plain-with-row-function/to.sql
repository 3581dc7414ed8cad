CREATE TABLE t (id int, note text) PARTITION BY RANGE (id);
CREATE FUNCTION weight(t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1.note)';
ALTER TABLE t ADD CONSTRAINT light CHECK (weight(t) < 100);
