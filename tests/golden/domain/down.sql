-- migrate:down

DROP DOMAIN public.positive;
