-- migrate:down

-- LOCK: reads and writes of public.t, public.a_2024 wait until the migration is committed.
DROP INDEX public.t_day;

ALTER TABLE public.t
  DROP CONSTRAINT t_id_day_key;

-- DATA LOSS: its rows are gone.
DROP TABLE public.a_2024;
