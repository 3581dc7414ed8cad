-- migrate:up

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.b is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  ALTER COLUMN id SET NOT NULL;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.b is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.b
  ADD CONSTRAINT positive CHECK (id > 0);

ALTER TABLE public.b
  INHERIT public.a;
