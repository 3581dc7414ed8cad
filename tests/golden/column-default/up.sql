-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN c DROP DEFAULT;

ALTER TABLE public.t
  ALTER COLUMN a SET DEFAULT 2;

ALTER TABLE public.t
  ALTER COLUMN b SET DEFAULT 2;
