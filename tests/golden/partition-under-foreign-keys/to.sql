CREATE TABLE orders (id int, day date, invoice int, UNIQUE (id, day)) PARTITION BY RANGE (day);
CREATE TABLE invoices (id int, day date, UNIQUE (id, day), FOREIGN KEY (id, day) REFERENCES orders (id, day)) PARTITION BY RANGE (day);
ALTER TABLE orders ADD FOREIGN KEY (invoice, day) REFERENCES invoices (id, day);
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE invoices_2024 PARTITION OF invoices FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
