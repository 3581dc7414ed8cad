-- migrate:down

-- ROWS: fails if the sequence has come to a number that is not between 1 and 2147483647.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET MAXVALUE 2147483647;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN id TYPE integer;
