-- migrate:down

-- DATA LOSS: its next number is gone.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN n DROP IDENTITY;

ALTER TABLE public.t
  ALTER COLUMN n DROP NOT NULL;

REVOKE ALL ON SEQUENCE public.t_id_seq FROM clerk;

GRANT USAGE ON SEQUENCE public.t_id_seq TO clerk;

REVOKE ALL ON SEQUENCE public.t_id_seq FROM manager;
