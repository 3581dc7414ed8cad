CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (m mood DEFAULT 'ok');
CREATE VIEW v AS SELECT m FROM t;
