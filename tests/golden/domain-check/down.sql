-- migrate:down

ALTER DOMAIN public.positive
  DROP CONSTRAINT c;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: writes to public.t wait until the migration is committed.
ALTER DOMAIN public.positive
  ADD CONSTRAINT c CHECK (VALUE > 0);
