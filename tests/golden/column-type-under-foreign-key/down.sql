-- migrate:down

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.posts is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  ALTER COLUMN author TYPE integer;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.users is rewritten under the lock.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.users
  ALTER COLUMN id TYPE integer;
