-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP POLICY p ON public.t;

DROP INDEX public.t_open;

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

ALTER TABLE public.t
  DROP CONSTRAINT t_kind_check;

ALTER TABLE public.t
  DROP CONSTRAINT t_status_check;
