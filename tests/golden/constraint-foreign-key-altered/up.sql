-- migrate:up

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  ALTER CONSTRAINT of_author NOT ENFORCED;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ALTER CONSTRAINT of_editor NOT DEFERRABLE ENFORCED;

ALTER TABLE public.posts
  ALTER CONSTRAINT of_reader DEFERRABLE INITIALLY IMMEDIATE;

ALTER TABLE public.posts
  ALTER CONSTRAINT of_writer DEFERRABLE INITIALLY DEFERRED;

-- ROWS: fails if one refers to what is not there.
ALTER TABLE public.posts
  VALIDATE CONSTRAINT of_writer;

-- LOCK: reads and writes of public.days, public.visits, public.visits_1 wait until the migration is committed.
ALTER TABLE public.visits
  ALTER CONSTRAINT of_day DEFERRABLE INITIALLY DEFERRED NOT ENFORCED;
