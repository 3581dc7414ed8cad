-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP TRIGGER tr ON public.t;

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.t
  ALTER COLUMN a TYPE bigint;

CREATE TRIGGER tr BEFORE UPDATE OF a ON public.t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION public.f();
