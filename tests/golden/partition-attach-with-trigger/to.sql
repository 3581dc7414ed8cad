CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE orders (id int, day date, UNIQUE (id, day)) PARTITION BY RANGE (day);
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE invoices (id int, day date, UNIQUE (id, day)) PARTITION BY RANGE (day);
ALTER TABLE orders ADD FOREIGN KEY (id, day) REFERENCES invoices (id, day);
