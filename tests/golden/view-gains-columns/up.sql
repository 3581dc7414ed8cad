-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  ADD COLUMN born date;

-- LOCK: reads and writes of public.named wait until the migration is committed.
create or replace view public.named as select name from public.users;

-- LOCK: reads and writes of public.people wait until the migration is committed.
create or replace view public.people as select id, name as secret, born from public.users;

-- DATA LOSS: what it held is gone; rolling back does not undo that.
ALTER TABLE public.users
  DROP COLUMN secret;
