-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN f;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN f bigint GENERATED ALWAYS AS (a + 2) STORED;

ALTER TABLE public.t
  ADD COLUMN fresh integer;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN b SET EXPRESSION AS (a + fresh);

-- DATA LOSS: what it held is gone; rolling back does not undo that.
ALTER TABLE public.t
  DROP COLUMN gone;

-- ROWS: fails if an existing row violates this.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN d SET EXPRESSION AS (a + 1);

-- ROWS: fails if two share a key.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN e SET EXPRESSION AS (a + 1);

CREATE OR REPLACE FUNCTION public.thrice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 3';

-- ROWS: fails if one has NULL here.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN c SET EXPRESSION AS (public.thrice(a));

DROP FUNCTION public.twice(integer);
