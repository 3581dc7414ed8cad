CREATE SCHEMA shop;
CREATE TABLE shop.orders (
  id int PRIMARY KEY,
  customer text NOT NULL,
  cents int NOT NULL,
  paid_at timestamptz
);
CREATE VIEW shop.unpaid AS SELECT id, customer FROM shop.orders WHERE paid_at IS NULL;
