CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE orders (id int, day date, UNIQUE (id, day));
CREATE TABLE orders_2024 (id int, day date);
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touched BEFORE UPDATE ON orders_2024 FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE invoices (id int, day date, UNIQUE (id, day), FOREIGN KEY (id, day) REFERENCES orders (id, day));
ALTER TABLE orders ADD FOREIGN KEY (id, day) REFERENCES invoices (id, day);
