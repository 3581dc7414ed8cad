-- migrate:up

ALTER DOMAIN public.amount
  DROP CONSTRAINT amount_fits;

ALTER DOMAIN public.amount
  DROP DEFAULT;

DROP FUNCTION public.most();

CREATE OR REPLACE FUNCTION public.most() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 100';

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: writes to public.t wait until the migration is committed.
ALTER DOMAIN public.amount
  ADD CONSTRAINT amount_fits CHECK (VALUE <= public.most());

ALTER DOMAIN public.amount
  SET DEFAULT public.most();
