CREATE TABLE par (id int, n int DEFAULT 1, CONSTRAINT n_positive CHECK (n > 0), CONSTRAINT id_positive CHECK (id > 0));
CREATE TABLE chi (extra int) INHERITS (par);
CREATE TABLE all_of (extra int) INHERITS (par);
