-- migrate:up

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.posts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.posts wait until the migration is committed.
ALTER TABLE public.posts
  ALTER COLUMN id SET NOT NULL;

ALTER TABLE public.posts
  ADD CONSTRAINT posts_pkey PRIMARY KEY USING INDEX posts_id;

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  ADD CONSTRAINT users_email_name_key UNIQUE USING INDEX users_email_key;

ALTER TABLE public.users
  ADD CONSTRAINT users_login UNIQUE USING INDEX users_login DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE public.users
  ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id;

COMMENT ON INDEX public.users_email_name_key IS NULL;

ALTER INDEX public.users_email_name_key RESET (fillfactor);

DROP INDEX public.users_name;

DROP INDEX public.users_place;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.users
  ADD CONSTRAINT users_name UNIQUE (name);

-- ROWS: fails if two share a key.
-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.users
  ADD CONSTRAINT users_place UNIQUE (place);
