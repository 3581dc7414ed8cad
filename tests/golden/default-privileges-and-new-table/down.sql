-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.closed wait until the migration is committed.
DROP TABLE public.closed;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.open wait until the migration is committed.
DROP TABLE public.open;
