-- migrate:down

-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  NO INHERIT public.a;

-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p1;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.b
  DROP COLUMN stars;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.p1
  DROP COLUMN stars;
