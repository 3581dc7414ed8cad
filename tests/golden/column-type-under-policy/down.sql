-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP POLICY own ON public.t;

-- ROWS: fails if a text is too long for character varying(20); blanks at its end that do not fit are cut.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN owner TYPE character varying(20);

-- SECURITY: the policy own has another condition, or one over other types, which may let through rows of public.t that the old one kept back. Compare the two.
CREATE POLICY own ON public.t USING (owner = current_user);
