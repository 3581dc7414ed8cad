-- migrate:up

-- LOCK: reads and writes of public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT posts_stars_check;

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  ALTER CONSTRAINT posts_author_fkey NOT ENFORCED;

ALTER TABLE public.posts
  ADD CONSTRAINT posts_stars_check CHECK (stars > 0) NOT ENFORCED;
