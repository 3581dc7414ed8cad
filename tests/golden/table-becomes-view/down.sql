-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

CREATE TABLE public.v (
  id integer
);
