-- migrate:down

-- LOCK: reads and writes of public.w wait until the migration is committed.
DROP VIEW public.w;

-- LOCK: reads and writes of public.v wait until the migration is committed.
DROP VIEW public.v;

CREATE VIEW public.v AS
 SELECT id,
    name
   FROM public.users;

CREATE VIEW public.w AS SELECT id FROM public.v;
