-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.logs, public.logs_2025 wait until the migration is committed.
DROP TABLE public.logs_2025;

CREATE TABLE public.logs_rest PARTITION OF public.logs DEFAULT;
