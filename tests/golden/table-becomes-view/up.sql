-- migrate:up

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP TABLE public.v;

CREATE VIEW public.v AS SELECT id FROM public.users;
