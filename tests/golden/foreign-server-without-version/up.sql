-- migrate:up

-- LOCK: reads and writes of public.old_orders wait until the migration is committed.
ALTER TABLE public.old_orders
  DROP COLUMN note;

ALTER SERVER archive
  VERSION NULL;
