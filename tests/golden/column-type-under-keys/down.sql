-- migrate:down

-- ROWS: takes values to be in the session's TimeZone.
-- ROWS: fails if a value does not fit into integer.
-- ROWS: fails if values that t_number_key tells apart become equal, and fails if a value cannot be read as integer.
-- ROWS: fails if a value does not fit into numeric(10,2).
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN at TYPE timestamp with time zone,
  ALTER COLUMN code TYPE character varying(10),
  ALTER COLUMN day TYPE timestamp without time zone,
  ALTER COLUMN email TYPE text,
  ALTER COLUMN id TYPE integer,
  ALTER COLUMN number TYPE integer USING number::integer,
  ALTER COLUMN price TYPE numeric(10,2);
