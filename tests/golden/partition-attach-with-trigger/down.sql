-- migrate:down

-- LOCK: reads and writes of public.orders, public.orders_2024 wait until the migration is committed.
ALTER TABLE public.orders
  DETACH PARTITION public.orders_2024;

CREATE TRIGGER touched
  BEFORE UPDATE ON public.orders_2024
  FOR EACH ROW
  EXECUTE FUNCTION public.touch();
