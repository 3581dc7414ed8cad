-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

CREATE POLICY own ON public.users
  FOR ALL
  TO PUBLIC
  USING (true);
