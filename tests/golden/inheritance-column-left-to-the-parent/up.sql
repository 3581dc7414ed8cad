-- migrate:up

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
  ADD COLUMN n_before integer;

ALTER TABLE public.chi_inherited
  ADD COLUMN n integer;

-- REWRITE: every row of public.chi is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.chi_inherited
  ALTER COLUMN n TYPE integer USING n_before;

ALTER TABLE public.chi
  INHERIT public.par;

ALTER TABLE public.chi
  NO INHERIT public.chi_inherited;

DROP TABLE public.chi_inherited;

-- LOCK: reads and writes of public.chi, public.refers wait until the migration is committed.
ALTER TABLE public.refers
  DROP CONSTRAINT refers_n_fkey;

DROP INDEX public.chi_n;

DROP POLICY own ON public.chi;

DROP TRIGGER touched ON public.chi;

-- LOCK: reads and writes of public.bigger wait until the migration is committed.
DROP VIEW public.bigger;

-- LOCK: reads and writes of public.big wait until the migration is committed.
DROP VIEW public.big;

ALTER TABLE public.chi
  DROP COLUMN n_before;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.chi is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.chi
  ADD CONSTRAINT chi_n_unique UNIQUE (n);

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.refers is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.refers
  ADD CONSTRAINT refers_n_fkey FOREIGN KEY (n) REFERENCES public.chi(n);

CREATE VIEW public.big AS SELECT n, extra FROM public.chi WHERE n > 10;

CREATE VIEW public.bigger AS SELECT n FROM public.big WHERE n > 100;

-- SCAN: every row of public.chi is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX chi_n ON public.chi (n);

CREATE TRIGGER touched BEFORE UPDATE OF n ON public.chi FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE POLICY own ON public.chi USING (n > 0);
