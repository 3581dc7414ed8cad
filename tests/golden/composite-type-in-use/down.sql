-- migrate:down

ALTER TYPE public.pair RENAME TO pair_before;

CREATE TYPE public.pair AS (
  a integer,
  b integer
);

-- ROWS: fails if a value, written as text, cannot be read as public.pair. Write USING by hand where it can be said otherwise.
-- ROWS: fails if a value, written as text, cannot be read as public.pair[]. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN p TYPE public.pair USING p::text::public.pair,
  ALTER COLUMN q TYPE public.pair[] USING q::text::public.pair[];

DROP TYPE public.pair_before;
