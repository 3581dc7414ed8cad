-- migrate:down

-- LOCK: reads and writes of public.p, public.t wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.t;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.t
  DROP COLUMN note;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.t
  DROP COLUMN n;

ALTER TABLE public.t
  ADD COLUMN old integer;
