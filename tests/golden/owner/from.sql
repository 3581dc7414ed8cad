CREATE TABLE a (id int);
CREATE TABLE b (id int);
ALTER TABLE a OWNER TO clerk;
