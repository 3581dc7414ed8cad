-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

ALTER PUBLICATION news DROP TABLE public.t;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id TYPE integer;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.u is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.u wait until the migration is committed.
ALTER TABLE public.u
  ALTER COLUMN a TYPE integer;

CREATE VIEW public.v AS SELECT a FROM public.u;

ALTER PUBLICATION news ADD TABLE public.t (a, id) WHERE (id > 0);
