CREATE TABLE other (a int);
CREATE TABLE invoices (
  gross numeric GENERATED ALWAYS AS (net * 1.2) STORED CHECK (gross < 1000),
  net numeric NOT NULL,
  doubled numeric GENERATED ALWAYS AS (net * 2) STORED,
  note text
);
CREATE INDEX ON invoices (gross);
