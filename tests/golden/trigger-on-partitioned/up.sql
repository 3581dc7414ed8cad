-- migrate:up

-- LOCK: writes to public.p, public.p26 wait until the migration is committed.
CREATE TRIGGER tr AFTER INSERT ON public.p FOR EACH ROW EXECUTE FUNCTION public.f();
