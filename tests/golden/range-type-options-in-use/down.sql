-- migrate:down

ALTER TYPE public.span RENAME TO span_before;

ALTER FUNCTION public.span(double precision, double precision) RENAME TO span_before;

ALTER FUNCTION public.span(double precision, double precision, text) RENAME TO span_before;

ALTER TYPE public.span_multirange RENAME TO span_multirang_before;

ALTER FUNCTION public.span_multirange() RENAME TO span_multirang_before;

CREATE TYPE public.span AS RANGE (
  SUBTYPE              = double precision,
  MULTIRANGE_TYPE_NAME = public.span_multirange
);

-- DATA LOSS: values are cut or rounded to fit into public.span.
-- ROWS: fails if values that readings_during_excl tells apart become equal, and fails if a value, written as text, cannot be read as public.span. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.readings is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.readings wait until the migration is committed.
ALTER TABLE public.readings
  ALTER COLUMN during TYPE public.span USING during::text::public.span;

DROP TYPE public.span_before;
