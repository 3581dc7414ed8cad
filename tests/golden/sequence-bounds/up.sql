-- migrate:up

-- ROWS: numbers begin again, and may be taken.
ALTER SEQUENCE public.s MAXVALUE 99 START WITH 1 RESTART;

-- ROWS: numbers begin again, and may be taken.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET MAXVALUE 99 SET START WITH 1 RESTART;
