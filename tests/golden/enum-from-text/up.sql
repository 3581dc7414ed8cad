-- migrate:up

CREATE TYPE public.mood AS ENUM (
  'ok',
  'sad'
);

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN m DROP DEFAULT;

-- ROWS: fails if a value cannot be read as public.mood.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN m TYPE public.mood USING m::public.mood;

ALTER TABLE public.t
  ALTER COLUMN m SET DEFAULT 'ok'::public.mood;
