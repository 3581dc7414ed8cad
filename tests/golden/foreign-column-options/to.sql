CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER far FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE f (a int OPTIONS (column_name 'aa'), b int OPTIONS ("odd name" 'it''s')) SERVER far;
CREATE FOREIGN TABLE g (a int OPTIONS (column_name 'x')) SERVER far;
