CREATE DOMAIN code AS text;
CREATE DOMAIN size AS int NOT NULL;
CREATE TABLE t (c code, s size);
