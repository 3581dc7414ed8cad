-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  DROP CONSTRAINT zip_is_there;

ALTER TABLE public.users
  ALTER COLUMN "E mail" DROP NOT NULL;

ALTER TABLE public.users
  ALTER COLUMN phone DROP NOT NULL;

-- ROWS: fails if one has NULL here.
ALTER TABLE public.users
  VALIDATE CONSTRAINT has_city;

ALTER TABLE public.users
  ADD CONSTRAINT has_email NOT NULL "E mail" NOT VALID;

ALTER TABLE public.users
  ADD CONSTRAINT has_street NOT NULL street NOT VALID;

ALTER TABLE public.users
  ADD CONSTRAINT has_zip NOT NULL zip NOT VALID;
