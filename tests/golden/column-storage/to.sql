CREATE TABLE t (a text, b text COMPRESSION pglz, c numeric, d text, e int);
ALTER TABLE t ALTER b SET STORAGE MAIN, ALTER e SET (n_distinct = 7);
CREATE INDEX t_sum ON t ((e + 1));
ALTER INDEX t_sum ALTER 1 SET STATISTICS 300;
