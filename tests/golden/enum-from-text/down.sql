-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN m DROP DEFAULT;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN m TYPE text USING m::text;

DROP TYPE public.mood;

ALTER TABLE public.t
  ALTER COLUMN m SET DEFAULT 'ok'::text;
