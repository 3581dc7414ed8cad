-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT;

-- DATA LOSS: its next number is gone.
DROP SEQUENCE public.t_id_seq;

-- DATA LOSS: its next number is gone.
ALTER TABLE public.t
  ALTER COLUMN a DROP IDENTITY;

ALTER TABLE public.t
  ALTER COLUMN a DROP NOT NULL;
