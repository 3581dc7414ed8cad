-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

-- DATA LOSS: what it held is gone.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN b;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.t
  DROP COLUMN c;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) STORED;

CREATE OR REPLACE FUNCTION public.doubled(n integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT n * 2$function$;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN c integer GENERATED ALWAYS AS (public.doubled(a)) STORED;

CREATE VIEW public.v AS SELECT b, c FROM public.t;
