-- migrate:down

DROP AGGREGATE public.my_rank(VARIADIC "any" ORDER BY VARIADIC "any");
