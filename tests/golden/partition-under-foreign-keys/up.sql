-- migrate:up

-- LOCK: reads and writes of public.invoices wait until the migration is committed.
-- LOCK: writes to public.orders wait until the migration is committed.
CREATE TABLE public.invoices_2024 PARTITION OF public.invoices FOR VALUES FROM ('2024-01-01') TO
  ('2025-01-01');

-- LOCK: reads and writes of public.orders wait until the migration is committed.
CREATE TABLE public.orders_2024 PARTITION OF public.orders FOR VALUES FROM ('2024-01-01') TO
  ('2025-01-01');
