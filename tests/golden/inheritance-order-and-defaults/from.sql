CREATE TABLE elders (id int DEFAULT 1, name text DEFAULT 'x', CONSTRAINT positive CHECK (id > 0));
CREATE TABLE others (rank int);
