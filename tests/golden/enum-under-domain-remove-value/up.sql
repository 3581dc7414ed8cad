-- migrate:up

ALTER DOMAIN public.good_mood
  RENAME TO good_mood_before;

ALTER TYPE public.mood RENAME TO mood_before;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN b DROP DEFAULT;

CREATE TYPE public.mood AS ENUM (
  'ok',
  'happy'
);

CREATE DOMAIN public.good_mood AS public.mood
  DEFAULT 'ok'::public.mood CONSTRAINT good_mood_check
  CHECK (VALUE <> 'happy'::public.mood);

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN a TYPE public.good_mood USING a::text::public.good_mood,
  ALTER COLUMN b TYPE public.mood USING b::text::public.mood;

DROP DOMAIN public.good_mood_before;

DROP TYPE public.mood_before;

ALTER TABLE public.t
  ALTER COLUMN b SET DEFAULT 'ok'::public.mood;
