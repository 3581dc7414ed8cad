-- migrate:up

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN m DROP DEFAULT;

ALTER TYPE public.mood RENAME TO mood_before;

CREATE TYPE public.mood AS ENUM (
  'ok',
  'happy'
);

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN m TYPE public.mood USING m::text::public.mood;

DROP TYPE public.mood_before;

ALTER TABLE public.t
  ALTER COLUMN m SET DEFAULT 'ok'::public.mood;

CREATE VIEW public.v AS SELECT m FROM public.t WHERE m > 'ok';
