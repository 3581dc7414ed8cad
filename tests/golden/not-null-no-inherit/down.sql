-- migrate:down

-- LOCK: reads and writes of public.parent wait until the migration is committed.
ALTER TABLE public.parent
  DROP CONSTRAINT wants_c;

ALTER TABLE public.parent
  DROP CONSTRAINT wants_a;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.other wait until the migration is committed.
DROP TABLE public.other;

-- LOCK: reads and writes of public.parent, public.child wait until the migration is committed.
ALTER TABLE public.parent
  ALTER COLUMN b DROP NOT NULL;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.parent, public.child is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.parent
  ALTER COLUMN c SET NOT NULL;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.parent is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.parent
  ADD CONSTRAINT wants_b NOT NULL b NO INHERIT;
