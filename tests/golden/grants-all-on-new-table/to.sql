CREATE TABLE old (id int);
CREATE TABLE seed (id int);
GRANT ALL ON seed TO reader, manager;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO reader;
