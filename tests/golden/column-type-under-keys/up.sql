-- migrate:up

-- DATA LOSS: values are cut or rounded to fit into date; rolling back does not undo that.
-- DATA LOSS: values are cut or rounded to fit into integer; rolling back does not undo that.
-- ROWS: takes values to be in the session's TimeZone.
-- ROWS: fails if a text is too long for character varying(5); blanks at its end that do not fit are cut.
-- ROWS: fails if values that t_day_key tells apart become equal.
-- ROWS: fails if values that t_email_key tells apart become equal, and fails if a value cannot be read as integer.
-- ROWS: fails if values that t_price_key tells apart become equal, and fails if a value does not fit into integer.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN at TYPE date,
  ALTER COLUMN code TYPE character varying(5),
  ALTER COLUMN day TYPE date,
  ALTER COLUMN email TYPE integer USING email::integer,
  ALTER COLUMN id TYPE bigint,
  ALTER COLUMN number TYPE text,
  ALTER COLUMN price TYPE integer;
