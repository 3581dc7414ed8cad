CREATE TABLE users (id int PRIMARY KEY, name text);
ALTER TABLE users OWNER TO app;
CREATE TABLE ledger (id int);
