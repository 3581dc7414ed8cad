-- migrate:down

-- DATA LOSS: values are cut or rounded to fit into boolean.
-- ROWS: fails if a value does not fit into integer.
-- ROWS: fails if a value, written as text, cannot be read as boolean. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.items wait until the migration is committed.
ALTER TABLE public.items
  ALTER COLUMN id TYPE integer,
  ALTER COLUMN place TYPE text,
  ALTER COLUMN seen TYPE boolean USING seen::text::boolean,
  ALTER COLUMN weight TYPE integer;
