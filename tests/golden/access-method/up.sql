-- migrate:up

CREATE ACCESS METHOD rows TYPE TABLE HANDLER heap_tableam_handler;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  SET ACCESS METHOD rows;
