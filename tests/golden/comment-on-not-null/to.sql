CREATE TABLE t (a int NOT NULL, b int CONSTRAINT always NOT NULL);
COMMENT ON CONSTRAINT always ON t IS 'it''s always $$ there';
CREATE TABLE u (id int CONSTRAINT given PRIMARY KEY, "A b" int CONSTRAINT own NOT NULL);
COMMENT ON CONSTRAINT own ON u IS 'of its own';
