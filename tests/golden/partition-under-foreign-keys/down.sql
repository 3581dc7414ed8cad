-- migrate:down

-- ROWS: fails if rows outside the partition refer to rows in it.
-- SCAN: every row of public.orders_2024 is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.orders, public.invoices, public.invoices_2024 wait until the migration is committed.
-- LOCK: writes to public.orders_2024 wait until the migration is committed.
ALTER TABLE public.invoices
  DETACH PARTITION public.invoices_2024;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.orders, public.invoices_2024, public.orders_2024 wait until the migration is committed.
DROP TABLE public.invoices_2024;

-- ROWS: fails if rows outside the partition refer to rows in it.
ALTER TABLE public.orders
  DETACH PARTITION public.orders_2024;

-- DATA LOSS: its rows are gone.
DROP TABLE public.orders_2024;
