-- migrate:up

-- ROWS: fails if the sequence has come to a number that is not between 1 and 50.
ALTER SEQUENCE public.s MAXVALUE 50;

ALTER SEQUENCE public.wider MINVALUE 0 START WITH 0;

-- ROWS: fails on a table with more rows than the identity has numbers: 8,192.
-- REWRITE: every row of public.u is rewritten under the lock.
-- LOCK: reads and writes of public.u wait until the migration is committed.
ALTER TABLE public.u
  ADD COLUMN id smallint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 4 START WITH 3) NOT NULL;

-- ROWS: fails if the sequence has come to a number that is not between 1 and 9.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET MAXVALUE 9;
