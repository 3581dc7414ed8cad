-- migrate:up

-- DATA LOSS: values are cut or rounded to fit into point; rolling back does not undo that.
-- DATA LOSS: values are cut or rounded to fit into bytea; rolling back does not undo that.
-- ROWS: fails if a value cannot be read as point.
-- ROWS: fails if a value, written as text, cannot be read as bytea. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.items wait until the migration is committed.
ALTER TABLE public.items
  ALTER COLUMN id TYPE bigint,
  ALTER COLUMN place TYPE point USING place::point,
  ALTER COLUMN seen TYPE bytea USING seen::text::bytea,
  ALTER COLUMN weight TYPE bigint;
