-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN b;

DROP FUNCTION public.twice(bigint);

CREATE OR REPLACE FUNCTION public.twice(integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT $1 * 2$function$;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN b integer GENERATED ALWAYS AS (public.twice(a)) STORED;
