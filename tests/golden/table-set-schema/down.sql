-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of app.t wait until the migration is committed.
DROP TABLE app.t;

CREATE TABLE public.t (
  id integer
);
