-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT other;

-- ROWS: fails if an existing row violates this.
ALTER DOMAIN public.label
  VALIDATE CONSTRAINT short;

-- ROWS: fails if an existing row violates this.
ALTER TABLE public.t
  VALIDATE CONSTRAINT c;

-- ROWS: fails if one refers to what is not there.
ALTER TABLE public.t
  VALIDATE CONSTRAINT f;

ALTER TABLE public.t
  ADD CONSTRAINT other CHECK (b > 1) NOT VALID;
