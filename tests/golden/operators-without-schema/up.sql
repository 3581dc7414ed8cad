-- migrate:up

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.cats is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.cats wait until the migration is committed.
SET search_path = ext, public;
ALTER TABLE public.cats
  ADD CONSTRAINT alike CHECK (NOT (mail IS DISTINCT FROM m2));
RESET search_path;

SET search_path = ext, public;
CREATE VIEW public.va AS
 SELECT id
   FROM public.cats
  WHERE NULLIF(mail, m2) IS NOT NULL;
RESET search_path;

SET search_path = ext, public;
CREATE TRIGGER ct
  BEFORE UPDATE ON public.cats
  FOR EACH ROW
  WHEN (old.mail IS DISTINCT FROM new.mail)
  EXECUTE FUNCTION public.ch();
RESET search_path;
