-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN b DROP DEFAULT;

-- DATA LOSS: values are cut or rounded to fit into date; rolling back does not undo that.
-- ROWS: fails if a value, written as text, cannot be read as uuid. Write USING by hand where it can be said otherwise.
-- ROWS: fails if a value, written as text, cannot be read as date. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN a TYPE uuid USING a::text::uuid,
  ALTER COLUMN b TYPE date USING b::text::date;

ALTER TABLE public.t
  ALTER COLUMN b SET DEFAULT '2026-01-01'::date;
