CREATE TABLE parent (a int, b int CONSTRAINT wants_b NOT NULL NO INHERIT, c int NOT NULL);
CREATE TABLE child () INHERITS (parent);
