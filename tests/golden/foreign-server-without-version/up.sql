-- migrate:up

-- DATA LOSS: what it held is gone; rolling back does not undo that.
-- LOCK: reads and writes of public.old_orders wait until the migration is committed.
ALTER TABLE public.old_orders
  DROP COLUMN note;

ALTER SERVER archive
  VERSION NULL;
