-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP POLICY p ON public.t;

DROP INDEX public.t_a;

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

ALTER TABLE public.t
  DROP CONSTRAINT t_check1;

ALTER TABLE public.t
  DROP CONSTRAINT t_check;
