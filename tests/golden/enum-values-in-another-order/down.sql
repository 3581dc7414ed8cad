-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN m DROP DEFAULT;

ALTER TYPE public.mood RENAME TO mood_before;

CREATE TYPE public.mood AS ENUM (
  'sad',
  'ok',
  'happy'
);

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN all_of_them TYPE public.mood[] USING all_of_them::text[]::public.mood[],
  ALTER COLUMN m TYPE public.mood USING m::text::public.mood;

DROP TYPE public.mood_before;

ALTER TABLE public.t
  ALTER COLUMN m SET DEFAULT 'ok'::public.mood;
