-- migrate:down

-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE public.p
  DROP CONSTRAINT p_pkey;

ALTER TABLE public.p
  REPLICA IDENTITY DEFAULT;
