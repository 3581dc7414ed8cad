-- migrate:up

-- DATA LOSS: what it held is gone; rolling back does not undo that.
-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  DROP COLUMN bio;
