-- migrate:up

-- LOCK: reads and writes of public.posts wait until the migration is committed.
ALTER TABLE public.posts
  ALTER CONSTRAINT posts_author_fkey DEFERRABLE INITIALLY DEFERRED;
