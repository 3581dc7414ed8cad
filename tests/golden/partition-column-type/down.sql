-- migrate:down

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.p26 is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  ALTER COLUMN n TYPE integer;
