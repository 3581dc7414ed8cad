CREATE TABLE t (id int PRIMARY KEY, a text COLLATE "C" DEFAULT 'x' CHECK (a <> ''), b text COLLATE "POSIX", c text);
CREATE INDEX t_a ON t (a);
CREATE VIEW v AS SELECT id, a FROM t WHERE a > 'b';
CREATE TABLE kept (a text COLLATE "C", b text);
CREATE INDEX kept_a ON kept (a);
