-- migrate:down

DROP CONVERSION public.western;
