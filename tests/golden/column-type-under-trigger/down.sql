-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP TRIGGER tr ON public.t;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN a TYPE integer;

CREATE TRIGGER tr BEFORE UPDATE OF a ON public.t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION public.f();
