-- migrate:up

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY own ON public.users;

CREATE POLICY own ON public.users
  AS RESTRICTIVE
  FOR ALL
  TO PUBLIC
  USING ((name = CURRENT_USER))
  WITH CHECK ((id > 0));
