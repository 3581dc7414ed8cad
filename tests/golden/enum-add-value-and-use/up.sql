-- migrate:up

ALTER TYPE public.mood ADD VALUE 'sad' AFTER 'ok';

-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN m SET DEFAULT 'sad'::public.mood;
