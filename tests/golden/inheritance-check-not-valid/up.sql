-- migrate:up

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.b is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  ADD CONSTRAINT positive CHECK (id > 0);

-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.a
  ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
