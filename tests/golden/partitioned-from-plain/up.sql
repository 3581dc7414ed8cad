-- migrate:up

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.p wait until the migration is committed.
DROP TABLE public.p;

CREATE TABLE public.p (
  d date,
  n integer
) PARTITION BY RANGE (d);

CREATE TABLE public.p26 PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
