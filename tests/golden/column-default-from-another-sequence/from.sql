CREATE SEQUENCE old_numbers;
CREATE TABLE t (id bigint PRIMARY KEY DEFAULT nextval('old_numbers'));
