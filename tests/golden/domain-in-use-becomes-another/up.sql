-- migrate:up

ALTER DOMAIN public.amount
  RENAME TO amount_before;

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

CREATE DOMAIN public.amount AS numeric(20,2)
  DEFAULT 1 CONSTRAINT amount_check
  CHECK (VALUE > 0::numeric);

-- ROWS: fails if an existing row violates this.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN a TYPE public.amount,
  ALTER COLUMN b TYPE public.amount;

DROP DOMAIN public.amount_before;

CREATE VIEW public.v AS SELECT a FROM public.t;
