-- migrate:down

ALTER TYPE billing.status SET SCHEMA public;

-- LOCK: reads and writes of billing.hours wait until the migration is committed.
ALTER TABLE billing.hours
  SET SCHEMA public;

DROP SCHEMA billing;
