-- migrate:up

CREATE TABLE public.users (
  id integer
);

CREATE OR REPLACE FUNCTION public.count_users() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM users $$;

ALTER TABLE public.users
  ADD COLUMN total bigint DEFAULT public.count_users();
