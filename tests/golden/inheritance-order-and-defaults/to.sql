CREATE TABLE elders (id int DEFAULT 1, name text DEFAULT 'x', CONSTRAINT positive CHECK (id > 0));
CREATE TABLE others (rank int);
-- In an order of its own, without the parent's defaults.
CREATE TABLE heirs (own int, rank int, name text DEFAULT 'y', id int, CONSTRAINT positive CHECK (id > 0));
ALTER TABLE heirs INHERIT elders;
ALTER TABLE heirs INHERIT others;
-- In the parent's order, and without its default.
CREATE TABLE declared (id int, own int) INHERITS (elders);
ALTER TABLE declared ALTER COLUMN id DROP DEFAULT;
-- Under a child that inherits late.
CREATE TABLE grandchild (more int, own int, rank int, id int, name text, CONSTRAINT positive CHECK (id > 0));
ALTER TABLE grandchild INHERIT heirs;
-- A default of the second parent alone.
CREATE TABLE of_two (id int DEFAULT 2, z int) INHERITS (others, elders);
ALTER TABLE of_two ALTER COLUMN name DROP DEFAULT;
