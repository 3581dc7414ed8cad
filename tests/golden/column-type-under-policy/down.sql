-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP POLICY own ON public.t;

-- ROWS: fails if a value does not fit into character varying(20).
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN owner TYPE character varying(20);

-- SECURITY: the policy own has another condition, or one over other types, which may let through rows of public.t that the old one kept back. Compare the two.
CREATE POLICY own ON public.t USING (owner = current_user);
