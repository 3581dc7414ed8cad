CREATE TABLE users (id int PRIMARY KEY, name text);
ALTER TABLE users OWNER TO app;
REVOKE UPDATE ON users FROM app;
CREATE TABLE ledger (id int);
ALTER TABLE ledger OWNER TO app;
REVOKE DELETE ON ledger FROM app;
CREATE TABLE entries (id int);
ALTER TABLE entries OWNER TO app;
REVOKE DELETE ON entries FROM app;
