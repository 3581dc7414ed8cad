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
  INHERIT public.par;

ALTER TABLE public.chi
  NO INHERIT public.chi_inherited;

DROP TABLE public.chi_inherited;

-- LOCK: reads and writes of public.par, public.chi wait until the migration is committed.
ALTER TABLE public.par
  ALTER COLUMN n TYPE character varying;
