-- migrate:down

-- DATA LOSS: what it held is gone.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN b;

ALTER TABLE public.t
  ADD COLUMN b integer;
