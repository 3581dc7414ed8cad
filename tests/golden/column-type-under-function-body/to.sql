CREATE TABLE orders (id int PRIMARY KEY, total bigint NOT NULL);
CREATE FUNCTION largest() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(total) FROM orders; END;
CREATE VIEW facts AS SELECT largest() AS largest;
