-- migrate:down

ALTER DOMAIN public.count
  DROP CONSTRAINT count_check;
