-- migrate:up

-- LOCK: reads and writes of public.facts wait until the migration is committed.
DROP VIEW public.facts;

DROP FUNCTION public.largest();

-- REWRITE: every row of public.orders is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.orders wait until the migration is committed.
ALTER TABLE public.orders
  ALTER COLUMN total TYPE bigint;

CREATE OR REPLACE FUNCTION public.largest() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(total) FROM public.orders; END;

CREATE VIEW public.facts AS SELECT public.largest() AS largest;
