-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN b DROP DEFAULT;

-- DATA LOSS: values are cut or rounded to fit into jsonb.
-- DATA LOSS: values are cut or rounded to fit into boolean.
-- ROWS: fails if a value, written as text, cannot be read as jsonb. Write USING by hand where it can be said otherwise.
-- ROWS: fails if a value, written as text, cannot be read as boolean. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN a TYPE jsonb USING a::text::jsonb,
  ALTER COLUMN b TYPE boolean USING b::text::boolean;

ALTER TABLE public.t
  ALTER COLUMN b SET DEFAULT true;
