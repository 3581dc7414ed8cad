-- migrate:down

DROP EVENT TRIGGER et;

DROP FUNCTION public.e();
