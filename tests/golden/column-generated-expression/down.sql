-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN b;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) STORED;
