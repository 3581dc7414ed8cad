-- migrate:up

CREATE FOREIGN TABLE public.g (
  a integer
) SERVER far;

-- LOCK: reads and writes of public.f wait until the migration is committed.
ALTER FOREIGN TABLE public.f
  ALTER COLUMN a OPTIONS (DROP force_null, SET column_name 'aa');

ALTER FOREIGN TABLE public.f
  ALTER COLUMN b OPTIONS (ADD "odd name" 'it''s');

ALTER FOREIGN TABLE public.g
  ALTER COLUMN a OPTIONS (ADD column_name 'x');
