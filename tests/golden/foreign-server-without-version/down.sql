-- migrate:down

ALTER SERVER archive
  VERSION '2';

-- LOCK: reads and writes of public.old_orders wait until the migration is committed.
ALTER TABLE public.old_orders
  ADD COLUMN note text;
