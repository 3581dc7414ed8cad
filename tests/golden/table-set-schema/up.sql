-- migrate:up

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP TABLE public.t;

CREATE TABLE app.t (
  id integer
);
