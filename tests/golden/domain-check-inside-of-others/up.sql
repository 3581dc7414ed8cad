-- migrate:up

ALTER DOMAIN public.count
  RENAME TO count_before;

ALTER DOMAIN public.few
  RENAME TO few_before;

ALTER TYPE public.box RENAME TO box_before;

ALTER TYPE public.crate RENAME TO crate_before;

-- LOCK: reads and writes of public.boxes wait until the migration is committed.
DROP VIEW public.boxes;

-- LOCK: reads and writes of public.stock wait until the migration is committed.
ALTER TABLE public.stock
  ALTER COLUMN counts DROP DEFAULT;

CREATE DOMAIN public.count AS integer CONSTRAINT count_check
  CHECK (VALUE > 0);

CREATE DOMAIN public.few AS public.count;

CREATE TYPE public.box AS (
  length public.few,
  label  text
);

CREATE TYPE public.crate AS (
  box    public.box,
  number integer
);

-- ROWS: fails if an existing row violates this.
-- ROWS: fails if a value, written as text, cannot be read as public.crate. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.stock is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.stock
  ALTER COLUMN counts TYPE public.count[] USING counts::public.count[],
  ALTER COLUMN count TYPE public.count,
  ALTER COLUMN crate TYPE public.crate USING crate::text::public.crate;

DROP TYPE public.crate_before;

DROP TYPE public.box_before;

DROP DOMAIN public.few_before;

DROP DOMAIN public.count_before;

ALTER TABLE public.stock
  ALTER COLUMN counts SET DEFAULT '{1}'::public.count[];

create view public.boxes as select (crate).box from public.stock;
