-- migrate:down

-- LOCK: reads and writes of public.checked wait until the migration is committed.
ALTER TABLE public.checked
  DROP COLUMN b;

-- LOCK: reads and writes of public.days, public.days_1 wait until the migration is committed.
ALTER TABLE public.days
  DROP COLUMN b;

-- LOCK: reads and writes of public.parent, public.child wait until the migration is committed.
ALTER TABLE public.parent
  DROP COLUMN b;

-- LOCK: reads and writes of public.published wait until the migration is committed.
ALTER TABLE public.published
  DROP COLUMN b;

ALTER TABLE public.checked
  ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) VIRTUAL;

ALTER TABLE public.days
  ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) VIRTUAL;

ALTER TABLE public.parent
  ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) VIRTUAL;

-- ROWS: stops replication to subscribers of p that lack this column, as soon as a row is written: add it there first.
ALTER TABLE public.published
  ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) VIRTUAL;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN b SET EXPRESSION AS (a + 1);
