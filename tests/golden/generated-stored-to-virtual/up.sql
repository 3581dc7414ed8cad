-- migrate:up

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN b;

ALTER TABLE public.t
  ADD COLUMN b integer GENERATED ALWAYS AS (a * 2) VIRTUAL;

CREATE VIEW public.v AS SELECT b FROM public.t;
