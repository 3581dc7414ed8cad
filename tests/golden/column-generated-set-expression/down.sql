-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN f;

ALTER TABLE public.t
  ADD COLUMN gone integer;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN f integer GENERATED ALWAYS AS (a + 1) STORED;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN b SET EXPRESSION AS (a + gone);

-- DATA LOSS: what it held is gone.
ALTER TABLE public.t
  DROP COLUMN fresh;

-- ROWS: fails if an existing row violates this.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN d SET EXPRESSION AS (a);

-- ROWS: fails if two share a key.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN e SET EXPRESSION AS (a);

CREATE OR REPLACE FUNCTION public.twice(integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT $1 * 2$function$;

-- ROWS: fails if one has NULL here.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ALTER COLUMN c SET EXPRESSION AS (public.twice(a));

DROP FUNCTION public.thrice(integer);
