-- migrate:down

DROP FUNCTION public.f(integer);
