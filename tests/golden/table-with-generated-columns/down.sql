-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.invoices wait until the migration is committed.
DROP TABLE public.invoices;
