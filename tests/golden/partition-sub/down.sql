-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p, public.p26, public.p26_0 and 1 more wait until the migration is committed.
DROP TABLE public.p26;
