CREATE COLLATION exact (provider = libc, locale = 'C');
CREATE TABLE t (a text COLLATE exact);
