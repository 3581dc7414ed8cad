CREATE TABLE t (status varchar(10), kind varchar(10) DEFAULT 'a');
