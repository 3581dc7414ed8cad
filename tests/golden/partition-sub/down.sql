-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p26, public.p26_0 wait until the migration is committed.
DROP TABLE public.p26_0;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p26, public.p26_1 wait until the migration is committed.
DROP TABLE public.p26_1;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
DROP TABLE public.p26;
