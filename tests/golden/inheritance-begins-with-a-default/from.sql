CREATE TABLE a (id int, stars int DEFAULT 5);
CREATE TABLE b (id int);
CREATE TABLE p (id int, stars int DEFAULT 5) PARTITION BY LIST (id);
CREATE TABLE p1 (id int);
