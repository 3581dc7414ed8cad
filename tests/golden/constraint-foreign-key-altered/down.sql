-- migrate:down

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT of_writer;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ALTER CONSTRAINT of_author ENFORCED;

ALTER TABLE public.posts
  ALTER CONSTRAINT of_editor DEFERRABLE INITIALLY IMMEDIATE NOT ENFORCED;

ALTER TABLE public.posts
  ALTER CONSTRAINT of_reader DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE public.posts
  ADD CONSTRAINT of_writer FOREIGN KEY (writer) REFERENCES public.users(id) NOT VALID;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.visits_1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: reads and writes of public.visits, public.visits_1 wait until the migration is committed.
-- LOCK: writes to public.days wait until the migration is committed.
ALTER TABLE public.visits
  ALTER CONSTRAINT of_day NOT DEFERRABLE ENFORCED;
