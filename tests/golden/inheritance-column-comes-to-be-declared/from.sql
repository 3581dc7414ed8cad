CREATE TABLE par (id int, n text NOT NULL);
CREATE TABLE chi (extra int) INHERITS (par);
CREATE INDEX chi_n ON chi (n);
