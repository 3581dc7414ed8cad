-- migrate:down

CREATE TABLE public.all_of_inherited ();

-- LOCK: reads and writes of public.all_of wait until the migration is committed.
ALTER TABLE public.all_of
  INHERIT public.all_of_inherited;

ALTER TABLE public.all_of
  NO INHERIT public.par;

ALTER TABLE public.all_of
  DROP CONSTRAINT id_positive;

ALTER TABLE public.all_of
  DROP CONSTRAINT n_positive;

ALTER TABLE public.all_of
  RENAME COLUMN id TO id_before;

ALTER TABLE public.all_of_inherited
  ADD COLUMN id_before integer;

ALTER TABLE public.all_of_inherited
  ADD COLUMN id integer;

-- REWRITE: every row of public.all_of is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.all_of_inherited
  ALTER COLUMN id TYPE integer USING id_before;

ALTER TABLE public.all_of
  RENAME COLUMN n TO n_before;

ALTER TABLE public.all_of_inherited
  ADD COLUMN n_before integer;

ALTER TABLE public.all_of_inherited
  ADD COLUMN n integer;

-- REWRITE: every row of public.all_of is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.all_of_inherited
  ALTER COLUMN n TYPE integer USING n_before;

-- SCAN: every row of public.all_of is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.all_of_inherited
  ADD CONSTRAINT id_positive CHECK (id > 0);

-- SCAN: every row of public.all_of is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.all_of_inherited
  ADD CONSTRAINT n_positive CHECK (n > 0);

ALTER TABLE public.all_of
  INHERIT public.par;

ALTER TABLE public.all_of
  NO INHERIT public.all_of_inherited;

DROP TABLE public.all_of_inherited;

ALTER TABLE public.all_of
  DROP COLUMN id_before;

ALTER TABLE public.all_of
  DROP COLUMN n_before;

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
  DROP CONSTRAINT n_positive;

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

-- SCAN: every row of public.chi is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.chi_inherited
  ADD CONSTRAINT n_positive CHECK (n > 0);

ALTER TABLE public.chi
  INHERIT public.par;

ALTER TABLE public.chi
  NO INHERIT public.chi_inherited;

DROP TABLE public.chi_inherited;

ALTER TABLE public.chi
  DROP COLUMN n_before;

ALTER TABLE ONLY public.all_of
  ALTER COLUMN n SET DEFAULT 1;

ALTER TABLE ONLY public.chi
  ALTER COLUMN n SET DEFAULT 1;
