CREATE TABLE z (id int);
CREATE TABLE b (x int);
