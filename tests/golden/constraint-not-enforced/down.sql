-- migrate:down

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT posts_author_fkey;

ALTER TABLE public.posts
  DROP CONSTRAINT posts_stars_check;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES public.users(id);

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ADD CONSTRAINT posts_stars_check CHECK ((stars > 0));
