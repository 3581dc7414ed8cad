-- migrate:up

-- LOCK: writes to public.users wait until the migration is committed.
CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON public.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.f();
