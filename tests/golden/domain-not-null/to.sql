CREATE DOMAIN code AS text NOT NULL;
CREATE DOMAIN size AS int;
CREATE TABLE t (c code, s size);
