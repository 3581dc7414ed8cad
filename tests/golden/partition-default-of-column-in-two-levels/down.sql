-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.jars, public.jars_1, public.jars_1_new wait until the migration is committed.
DROP TABLE public.jars;
