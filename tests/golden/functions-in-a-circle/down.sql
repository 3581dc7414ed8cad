-- migrate:down

DROP FUNCTION public.is_even(integer);

DROP FUNCTION public.is_odd(integer);
