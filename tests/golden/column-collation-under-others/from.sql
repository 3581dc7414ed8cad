CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'x' CHECK (a <> ''), b varchar(10), c text COLLATE "C");
CREATE INDEX t_a ON t (a);
CREATE VIEW v AS SELECT id, a FROM t WHERE a > 'b';
CREATE TABLE kept (a text, b text);
CREATE INDEX kept_a ON kept (a);
