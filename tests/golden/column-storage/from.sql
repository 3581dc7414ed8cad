CREATE TABLE t (a text, b text, c numeric, d text COMPRESSION pglz, e int);
ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER c SET STORAGE EXTERNAL, ALTER e SET STATISTICS 500, ALTER e SET (n_distinct = 5, n_distinct_inherited = 6);
