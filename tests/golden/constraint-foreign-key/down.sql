-- migrate:down

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT posts_author_fkey;
