-- migrate:down

CREATE TABLE public.chi_inherited (
  id integer
);

-- LOCK: reads and writes of public.chi wait until the migration is committed.
ALTER TABLE public.chi
  INHERIT public.chi_inherited;

ALTER TABLE public.chi
  NO INHERIT public.par;

ALTER TABLE public.chi
  RENAME COLUMN n TO n_before;

ALTER TABLE public.chi_inherited
  ADD COLUMN n_before character varying;

ALTER TABLE public.chi_inherited
  ADD COLUMN n character varying;

-- REWRITE: every row of public.chi is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.chi_inherited
  ALTER COLUMN n TYPE character varying USING n_before;

-- SCAN: every row of public.chi is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.chi_inherited
  ALTER COLUMN n SET NOT NULL;

ALTER TABLE public.chi
  INHERIT public.par;

ALTER TABLE public.chi
  NO INHERIT public.chi_inherited;

DROP TABLE public.chi_inherited;

ALTER TABLE public.chi
  DROP COLUMN n_before;

-- LOCK: reads and writes of public.par, public.chi wait until the migration is committed.
ALTER TABLE public.par
  ALTER COLUMN n TYPE text;

-- SCAN: every row of public.chi is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX chi_n ON public.chi (n);
