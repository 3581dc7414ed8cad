-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP TABLE public.users;
