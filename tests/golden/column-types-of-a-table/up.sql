-- migrate:up

-- LOCK: reads and writes of public.prices wait until the migration is committed.
DROP VIEW public.prices;

-- LOCK: reads and writes of public.items wait until the migration is committed.
ALTER TABLE public.items
  ALTER COLUMN code DROP DEFAULT;

ALTER TABLE public.items
  ALTER COLUMN weight DROP DEFAULT;

ALTER TABLE public.items
  DROP COLUMN doubled;

-- DATA LOSS: values are cut or rounded to fit into numeric(8,1); rolling back does not undo that.
-- ROWS: keeps the last of keys that are the same in a document, and neither their order nor white space.
-- ROWS: fails if a value does not fit into numeric(8,1).
-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.kinds, public.items wait until the migration is committed.
ALTER TABLE public.items
  ALTER COLUMN code TYPE text,
  ALTER COLUMN data TYPE jsonb,
  ALTER COLUMN id TYPE bigint,
  ALTER COLUMN kind TYPE bigint,
  ALTER COLUMN price TYPE numeric(8,1),
  ALTER COLUMN weight TYPE bigint;

ALTER TABLE public.items
  ALTER COLUMN weight SET DEFAULT 1;

ALTER TABLE public.items
  ALTER COLUMN code SET DEFAULT 'y'::text;

-- REWRITE: every row of public.kinds is rewritten under the lock.
-- SCAN: every row of public.items is read under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.kinds
  ALTER COLUMN code TYPE text,
  ALTER COLUMN id TYPE bigint;

create view public.prices as select code, price from public.items;

-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.items
  ADD COLUMN doubled bigint GENERATED ALWAYS AS (weight * 2) STORED;
