-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.declared wait until the migration is committed.
DROP TABLE public.declared;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.grandchild wait until the migration is committed.
DROP TABLE public.grandchild;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.heirs wait until the migration is committed.
DROP TABLE public.heirs;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.of_two wait until the migration is committed.
DROP TABLE public.of_two;
