-- migrate:down

-- LOCK: reads and writes of public.users, public.posts wait until the migration is committed.
ALTER TABLE public.posts
  DROP CONSTRAINT posts_author_fkey;

ALTER TABLE public.posts
  DROP CONSTRAINT posts_email_fkey;

ALTER TABLE public.posts
  DROP CONSTRAINT posts_pkey;

ALTER TABLE public.users
  DROP CONSTRAINT users_email_name_key;

ALTER TABLE public.users
  DROP CONSTRAINT users_login;

ALTER TABLE public.users
  DROP CONSTRAINT users_name;

ALTER TABLE public.users
  DROP CONSTRAINT users_pkey;

ALTER TABLE public.users
  DROP CONSTRAINT users_place;

ALTER TABLE public.posts
  ALTER COLUMN id DROP NOT NULL;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX posts_id ON public.posts (id);

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX users_email_key ON public.users (email) INCLUDE (name)
  WITH (fillfactor='70');

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ADD CONSTRAINT posts_email_fkey FOREIGN KEY (email) REFERENCES public.users(email);

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX users_id ON public.users (id);

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.posts
  ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES public.users(id);

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX users_login ON public.users ("Login name", name);

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX users_name ON public.users (name)
  WHERE id > 0;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX users_place ON public.users (place DESC);

COMMENT ON INDEX public.users_email_key IS 'once each';
