-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN b DROP DEFAULT;

ALTER TABLE public.t
  ALTER COLUMN a SET DEFAULT 1;

ALTER TABLE public.t
  ALTER COLUMN c SET DEFAULT 3;
