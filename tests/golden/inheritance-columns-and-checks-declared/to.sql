CREATE TABLE par (id int, n int DEFAULT 1, CONSTRAINT n_positive CHECK (n > 0), CONSTRAINT id_positive CHECK (id > 0));
CREATE TABLE chi (n int DEFAULT 1, extra int, CONSTRAINT n_positive CHECK (n > 0)) INHERITS (par);
CREATE TABLE all_of (id int, n int DEFAULT 2, extra int, CONSTRAINT n_positive CHECK (n > 0), CONSTRAINT id_positive CHECK (id > 0)) INHERITS (par);
