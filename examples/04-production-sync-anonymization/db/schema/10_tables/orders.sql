CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  invoice_email text NOT NULL,
  delivery_note text,
  total numeric(10, 2) NOT NULL CHECK (total >= 0),
  ordered_at timestamptz NOT NULL
);

CREATE INDEX orders_customer_id ON orders (customer_id);
