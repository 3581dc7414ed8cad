-- migrate:down

-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p26;

-- LOCK: reads and writes of public.p, public.p27 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p27;

ALTER TABLE public.p26
  DROP CONSTRAINT few;

ALTER TABLE public.p27
  DROP CONSTRAINT few;

ALTER TABLE public.p27
  DROP CONSTRAINT p27_pkey;

ALTER TABLE public.p27
  ALTER COLUMN d DROP NOT NULL;
