-- migrate:down

-- LOCK: reads and writes of public.v wait until the migration is committed.
CREATE OR REPLACE VIEW public.v AS
 SELECT id,
    name
   FROM public.users;
