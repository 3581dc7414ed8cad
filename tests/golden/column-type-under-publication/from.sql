CREATE TABLE t (id int PRIMARY KEY, a int, b int);
CREATE TABLE u (id int PRIMARY KEY, a int);
CREATE VIEW v AS SELECT a FROM u;
CREATE PUBLICATION news FOR TABLE t (id, a) WHERE (id > 0), u WHERE (id > 0);
