-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

-- SCAN: every row of public.kept is read under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.kept wait until the migration is committed.
ALTER TABLE public.kept
  ALTER COLUMN a TYPE text;

-- ROWS: fails if a text is too long for character varying(10); blanks at its end that do not fit are cut.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN a TYPE text,
  ALTER COLUMN b TYPE character varying(10),
  ALTER COLUMN c TYPE text COLLATE pg_catalog."C";

CREATE VIEW public.v AS SELECT id, a FROM public.t WHERE a > 'b';
