-- migrate:up

CREATE SCHEMA billing;

-- LOCK: reads and writes of public.hours wait until the migration is committed.
ALTER TABLE public.hours
  SET SCHEMA billing;

-- LOCK: reads and writes of billing.hours wait until the migration is committed.
ALTER TABLE billing.hours
  RENAME TO time_entries;

-- LOCK: reads and writes of billing.time_entries wait until the migration is committed.
ALTER TABLE billing.time_entries
  RENAME CONSTRAINT hours_amount_check TO time_entries_amount_check;

ALTER TABLE billing.time_entries
  RENAME CONSTRAINT hours_pkey TO time_entries_pkey;

ALTER TABLE billing.time_entries
  RENAME CONSTRAINT hours_worker_fkey TO time_entries_worker_fkey;

ALTER INDEX billing.hours_worker_idx RENAME TO time_entries_worker_idx;

ALTER SEQUENCE billing.hours_id_seq RENAME TO time_entries_id_seq;

ALTER TABLE billing.time_entries
  ADD COLUMN paid boolean;
