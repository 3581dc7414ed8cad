-- migrate:down

-- DATA LOSS: what it held is gone.
-- LOCK: reads and writes of public.u wait until the migration is committed.
ALTER TABLE public.u
  DROP COLUMN id;

ALTER SEQUENCE public.s MAXVALUE 100;

-- ROWS: fails if the sequence has come to a number that is not between 1 and 9223372036854775807.
ALTER SEQUENCE public.wider MINVALUE 1 START WITH 1;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET MAXVALUE 90;
