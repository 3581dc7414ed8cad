-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  DROP CONSTRAINT has_zip;

ALTER TABLE public.users
  ALTER COLUMN city DROP NOT NULL;

ALTER TABLE public.users
  ALTER COLUMN street DROP NOT NULL;

-- ROWS: fails if one has NULL here.
ALTER TABLE public.users
  VALIDATE CONSTRAINT has_email;

ALTER TABLE public.users
  ADD CONSTRAINT has_city NOT NULL city NOT VALID;

ALTER TABLE public.users
  ADD CONSTRAINT has_phone NOT NULL phone NOT VALID;

ALTER TABLE public.users
  ADD CONSTRAINT zip_is_there NOT NULL zip NO INHERIT NOT VALID;
