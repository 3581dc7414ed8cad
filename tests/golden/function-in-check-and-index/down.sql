-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.i;

ALTER TABLE public.t
  DROP CONSTRAINT t_a_check;

DROP FUNCTION public.ok(integer);

CREATE OR REPLACE FUNCTION public.ok(integer)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT $1 > 0 $function$;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t
  ADD CONSTRAINT t_a_check CHECK (public.ok(a));

-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX i ON public.t (public.ok(a));
