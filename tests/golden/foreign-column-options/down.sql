-- migrate:down

-- LOCK: reads and writes of public.g wait until the migration is committed.
DROP FOREIGN TABLE public.g;

-- LOCK: reads and writes of public.f wait until the migration is committed.
ALTER FOREIGN TABLE public.f
  ALTER COLUMN a OPTIONS (SET column_name 'A', ADD force_null 'true');

ALTER FOREIGN TABLE public.f
  ALTER COLUMN b OPTIONS (DROP "odd name");
