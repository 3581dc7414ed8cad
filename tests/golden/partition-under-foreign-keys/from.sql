CREATE TABLE orders (id int, day date, invoice int, UNIQUE (id, day)) PARTITION BY RANGE (day);
CREATE TABLE invoices (id int, day date, UNIQUE (id, day), FOREIGN KEY (id, day) REFERENCES orders (id, day)) PARTITION BY RANGE (day);
ALTER TABLE orders ADD FOREIGN KEY (invoice, day) REFERENCES invoices (id, day);
