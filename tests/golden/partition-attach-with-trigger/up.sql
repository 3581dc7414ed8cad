-- migrate:up

-- LOCK: reads and writes of public.orders_2024 wait until the migration is committed.
DROP TRIGGER touched ON public.orders_2024;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.orders_2024 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.orders
  ATTACH PARTITION public.orders_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
