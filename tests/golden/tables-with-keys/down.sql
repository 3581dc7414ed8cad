-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.customers, public.orders wait until the migration is committed.
DROP TABLE public.orders;

-- DATA LOSS: its rows are gone.
DROP TABLE public.customers;
