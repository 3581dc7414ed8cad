-- migrate:down

-- LOCK: reads and writes of public.visits, public.visits_1 wait until the migration is committed.
ALTER TABLE public.visits
  ALTER CONSTRAINT of_day NOT DEFERRABLE;

ALTER TABLE public.visits
  ALTER CONSTRAINT of_page DEFERRABLE INITIALLY DEFERRED;
