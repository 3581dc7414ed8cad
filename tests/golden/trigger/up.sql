-- migrate:up

-- LOCK: writes to public.users wait until the migration is committed.
CREATE TRIGGER tr BEFORE INSERT OR UPDATE OF name ON public.users FOR EACH ROW EXECUTE FUNCTION public.f();
