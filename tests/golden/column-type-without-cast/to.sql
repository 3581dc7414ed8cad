CREATE TABLE t (a uuid, b date DEFAULT '2026-01-01');
