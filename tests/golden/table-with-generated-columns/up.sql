-- migrate:up

CREATE TABLE public.invoices (
  net     numeric NOT NULL,
  gross   numeric GENERATED ALWAYS AS (net * 1.2) STORED,
  doubled numeric GENERATED ALWAYS AS (net * 2::numeric) STORED,
  note    text,
  CONSTRAINT invoices_gross_check CHECK (gross < 1000::numeric)
);

CREATE INDEX invoices_gross_idx ON public.invoices (gross);
