CREATE TYPE mood AS ENUM ('happy', 'fine', 'ok', 'sad');
CREATE TABLE t (m mood DEFAULT 'ok', all_of_them mood[]);
