-- migrate:up

CREATE SCHEMA billing;

ALTER TYPE public.status SET SCHEMA billing;

-- LOCK: reads and writes of public.hours wait until the migration is committed.
ALTER TABLE public.hours
  SET SCHEMA billing;
