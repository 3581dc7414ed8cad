-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP TABLE public.t;

DROP TYPE public.span;
