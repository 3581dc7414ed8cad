-- migrate:down

DROP FUNCTION public.one();

DROP LANGUAGE plmine;
