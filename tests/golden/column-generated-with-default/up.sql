-- migrate:up

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN b DROP EXPRESSION;

-- DATA LOSS: what it held is gone; rolling back does not undo that.
ALTER TABLE public.t
  DROP COLUMN c;

DROP FUNCTION public.doubled(integer);

ALTER TABLE public.t
  ADD COLUMN c integer;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t
  ALTER COLUMN b SET NOT NULL;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN b TYPE bigint;

ALTER TABLE public.t
  ALTER COLUMN b SET DEFAULT 7;

CREATE VIEW public.v AS SELECT b, c FROM public.t;
