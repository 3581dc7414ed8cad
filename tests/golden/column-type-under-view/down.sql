-- migrate:down

-- LOCK: reads and writes of public.ids wait until the migration is committed.
DROP VIEW public.ids;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.users is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  ALTER COLUMN id TYPE integer;

CREATE VIEW public.ids AS SELECT id FROM public.users;
