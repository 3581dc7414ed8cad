-- migrate:up

-- LOCK: reads and writes of public.all_of wait until the migration is committed.
ALTER TABLE public.all_of
  NO INHERIT public.par;

ALTER TABLE public.all_of
  INHERIT public.par;

CREATE TABLE public.chi_inherited (
  id integer,
  CONSTRAINT id_positive CHECK (id > 0)
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

ALTER TABLE public.all_of
  ALTER COLUMN n SET DEFAULT 2;
