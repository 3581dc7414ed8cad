-- migrate:down

-- LOCK: reads and writes of billing.time_entries wait until the migration is committed.
ALTER TABLE billing.time_entries
  SET SCHEMA public;

-- LOCK: reads and writes of public.time_entries wait until the migration is committed.
ALTER TABLE public.time_entries
  RENAME TO hours;

-- LOCK: reads and writes of public.hours wait until the migration is committed.
ALTER TABLE public.hours
  RENAME CONSTRAINT time_entries_amount_check TO hours_amount_check;

ALTER TABLE public.hours
  RENAME CONSTRAINT time_entries_pkey TO hours_pkey;

ALTER TABLE public.hours
  RENAME CONSTRAINT time_entries_worker_fkey TO hours_worker_fkey;

ALTER INDEX public.time_entries_worker_idx RENAME TO hours_worker_idx;

ALTER SEQUENCE public.time_entries_id_seq RENAME TO hours_id_seq;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.hours
  DROP COLUMN paid;

DROP SCHEMA billing;
