CREATE FOREIGN DATA WRAPPER files;
CREATE SERVER archive FOREIGN DATA WRAPPER files;
CREATE FOREIGN TABLE old_orders (
  id int NOT NULL,
  note text DEFAULT '',
  placed date OPTIONS (column_name 'day'),
  CONSTRAINT positive CHECK (id > 0)
) SERVER archive OPTIONS (table_name 'orders');
COMMENT ON COLUMN old_orders.note IS 'As it was';
