-- migrate:up

-- LOCK: reads and writes of public.parent wait until the migration is committed.
ALTER TABLE public.parent
  DROP CONSTRAINT wants_b;

CREATE TABLE public.other (
  a integer
);

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.parent, public.child is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.parent, public.child wait until the migration is committed.
ALTER TABLE public.parent
  ALTER COLUMN b SET NOT NULL;

ALTER TABLE public.parent
  ALTER COLUMN c DROP NOT NULL;

-- ROWS: fails if one has NULL here.
ALTER TABLE public.other
  ADD CONSTRAINT other_a NOT NULL a NO INHERIT;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.parent is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.parent
  ADD CONSTRAINT wants_a NOT NULL a NO INHERIT;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.parent is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.parent
  ADD CONSTRAINT wants_c NOT NULL c NO INHERIT;
