-- migrate:down

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM reader;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.seed wait until the migration is committed.
DROP TABLE public.seed;
