-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
DROP TABLE public.p;

CREATE TABLE public.p (
  d date,
  n integer
);
