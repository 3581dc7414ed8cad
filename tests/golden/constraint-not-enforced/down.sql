-- migrate:down

-- LOCK: reads and writes of public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT posts_stars_check;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: writes to public.users wait until the migration is committed.
ALTER TABLE public.posts
  ALTER CONSTRAINT posts_author_fkey ENFORCED;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ADD CONSTRAINT posts_stars_check CHECK (stars > 0);
