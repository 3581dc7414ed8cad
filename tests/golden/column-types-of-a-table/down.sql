-- migrate:down

-- LOCK: reads and writes of public.prices wait until the migration is committed.
DROP VIEW public.prices;

-- LOCK: reads and writes of public.items wait until the migration is committed.
ALTER TABLE public.items
  ALTER COLUMN code DROP DEFAULT;

ALTER TABLE public.items
  ALTER COLUMN weight DROP DEFAULT;

ALTER TABLE public.items
  DROP COLUMN doubled;

-- ROWS: fails if a text is too long for character varying(10); blanks at its end that do not fit are cut.
-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.kinds, public.items wait until the migration is committed.
ALTER TABLE public.items
  ALTER COLUMN code TYPE character varying(10),
  ALTER COLUMN data TYPE json,
  ALTER COLUMN id TYPE integer,
  ALTER COLUMN kind TYPE integer,
  ALTER COLUMN price TYPE numeric(10,2),
  ALTER COLUMN weight TYPE integer;

ALTER TABLE public.items
  ALTER COLUMN weight SET DEFAULT 1;

ALTER TABLE public.items
  ALTER COLUMN code SET DEFAULT 'x'::character varying;

-- ROWS: fails if a text is too long for character varying(10); blanks at its end that do not fit are cut.
-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.kinds is rewritten under the lock.
-- SCAN: every row of public.items is read under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.kinds
  ALTER COLUMN code TYPE character varying(10),
  ALTER COLUMN id TYPE integer;

create view public.prices as select code, price from public.items;

-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.items
  ADD COLUMN doubled integer GENERATED ALWAYS AS (weight * 2) STORED;
