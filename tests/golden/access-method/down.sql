-- migrate:down

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  SET ACCESS METHOD heap;

DROP ACCESS METHOD rows;
