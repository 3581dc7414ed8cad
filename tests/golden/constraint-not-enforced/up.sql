-- migrate:up

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT posts_author_fkey;

ALTER TABLE public.posts
  DROP CONSTRAINT posts_stars_check;

ALTER TABLE public.posts
  ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES public.users(id) NOT ENFORCED;

ALTER TABLE public.posts
  ADD CONSTRAINT posts_stars_check CHECK ((stars > 0)) NOT ENFORCED;
