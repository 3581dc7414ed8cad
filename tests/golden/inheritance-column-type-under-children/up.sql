-- migrate:up

-- LOCK: reads and writes of public.grandchild wait until the migration is committed.
DROP POLICY named ON public.grandchild;

-- LOCK: reads and writes of public.names wait until the migration is committed.
DROP VIEW public.names;

-- LOCK: reads and writes of public.parent, public.child, public.grandchild wait until the migration is committed.
ALTER TABLE public.parent
  DROP COLUMN length;

DROP TRIGGER renamed ON public.child;

-- ROWS: fails if a text is too long for character varying(50); blanks at its end that do not fit are cut.
-- REWRITE: every row of public.parent, public.child, public.grandchild is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.parent
  ALTER COLUMN id TYPE bigint,
  ALTER COLUMN name TYPE character varying(50);

-- REWRITE: every row of public.parent, public.child, public.grandchild is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.parent
  ADD COLUMN length integer GENERATED ALWAYS AS (length(name::text) + 1) STORED;

create view public.names as select name from public.grandchild;

-- SECURITY: the policy named has another condition, or one over other types, which may let through rows of public.grandchild that the old one kept back. Compare the two.
create policy named on public.grandchild using (name = 'q');

create trigger renamed before update of name on public.child for each row execute function suppress_redundant_updates_trigger();
