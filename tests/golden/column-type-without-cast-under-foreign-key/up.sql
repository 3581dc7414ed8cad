-- migrate:up

-- LOCK: reads and writes of public.parents, public.children wait until the migration is committed.
ALTER TABLE public.children
  DROP CONSTRAINT children_parent_id_fkey;

-- DATA LOSS: values are cut or rounded to fit into date; rolling back does not undo that.
-- ROWS: fails if a value, written as text, cannot be read as date. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.children is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.children
  ALTER COLUMN parent_id TYPE date USING parent_id::text::date;

-- DATA LOSS: values are cut or rounded to fit into date; rolling back does not undo that.
-- ROWS: fails if values that parents_pkey tells apart become equal, and fails if a value, written as text, cannot be read as date. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.parents is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.parents
  ALTER COLUMN id TYPE date USING id::text::date;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.children is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.children
  ADD CONSTRAINT children_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.parents(id);
