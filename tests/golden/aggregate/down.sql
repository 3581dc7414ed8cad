-- migrate:down

DROP AGGREGATE public.total(integer);

DROP FUNCTION public.add(integer, integer);
