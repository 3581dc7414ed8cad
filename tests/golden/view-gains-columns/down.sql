-- migrate:down

-- LOCK: reads and writes of public.ids wait until the migration is committed.
DROP VIEW public.ids;

-- LOCK: reads and writes of public.people wait until the migration is committed.
DROP VIEW public.people;

-- DATA LOSS: what it held is gone.
-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  DROP COLUMN born;

ALTER TABLE public.users
  ADD COLUMN secret text;

-- LOCK: reads and writes of public.named wait until the migration is committed.
CREATE OR REPLACE VIEW public.named AS
 SELECT name
   FROM public.users
  WHERE secret <> ''::text;

CREATE VIEW public.people AS
 SELECT id,
    secret
   FROM public.users;

create view public.ids as select id from public.people;

create rule kept as on delete to public.people do instead nothing;

COMMENT ON VIEW public.people IS 'who there is';

GRANT SELECT ON TABLE public.people TO reader;

ALTER VIEW public.people ALTER COLUMN id SET DEFAULT 0;
