-- migrate:down

-- LOCK: reads and writes of public.orders, public.invoices wait until the migration is committed.
ALTER TABLE public.invoices
  DROP CONSTRAINT invoices_id_day_fkey;

ALTER TABLE public.orders
  DROP CONSTRAINT orders_invoice_day_fkey;

-- LOCK: reads and writes of public.totals wait until the migration is committed.
DROP MATERIALIZED VIEW public.totals;

-- DATA LOSS: the rows of partitions that are not named here are gone.
DROP TABLE public.invoices;

-- DATA LOSS: the rows of partitions that are not named here are gone.
DROP TABLE public.orders;

CREATE TABLE public.orders (
  id      integer,
  day     date,
  invoice integer,
  CONSTRAINT orders_id_day_key UNIQUE (id, day)
);

CREATE TABLE public.invoices (
  id  integer,
  day date,
  CONSTRAINT invoices_id_day_key UNIQUE (id, day),
  CONSTRAINT invoices_id_day_fkey FOREIGN KEY (id, day) REFERENCES public.orders(id, day)
);

ALTER TABLE public.orders
  ADD CONSTRAINT orders_invoice_day_fkey FOREIGN KEY (invoice, day)
    REFERENCES public.invoices(id, day);

CREATE MATERIALIZED VIEW public.totals AS SELECT day, count(*) FROM public.orders GROUP BY day;
