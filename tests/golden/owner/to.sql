CREATE TABLE a (id int);
CREATE TABLE b (id int);
ALTER TABLE b OWNER TO clerk;
