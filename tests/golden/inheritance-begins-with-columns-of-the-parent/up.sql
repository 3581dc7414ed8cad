-- migrate:up

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.a is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.a wait until the migration is committed.
ALTER TABLE public.a
  ADD CONSTRAINT positive CHECK (id > 0);

CREATE TABLE public.b_inherited (
  id integer
);

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  INHERIT public.b_inherited;

ALTER TABLE public.b_inherited
  ADD COLUMN name text DEFAULT 'none';

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.b is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.b_inherited
  ADD CONSTRAINT positive CHECK (id > 0);

ALTER TABLE public.b
  INHERIT public.a;

ALTER TABLE public.b
  NO INHERIT public.b_inherited;

DROP TABLE public.b_inherited;
