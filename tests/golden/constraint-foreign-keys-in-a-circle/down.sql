-- migrate:down

-- LOCK: reads and writes of public.b, public.a wait until the migration is committed.
ALTER TABLE public.b
  DROP CONSTRAINT b_a_fkey;

-- DATA LOSS: its rows are gone.
DROP TABLE public.a;

-- DATA LOSS: its rows are gone.
DROP TABLE public.b;
