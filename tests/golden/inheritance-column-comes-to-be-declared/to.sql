CREATE TABLE par (id int, n varchar NOT NULL);
CREATE TABLE chi (n varchar, extra int) INHERITS (par);
CREATE INDEX chi_n ON chi (n);
