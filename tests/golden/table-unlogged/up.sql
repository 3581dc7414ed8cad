-- migrate:up

-- REWRITE: every row of public.users is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  SET UNLOGGED;
