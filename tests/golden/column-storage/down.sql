-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.t_sum;

ALTER TABLE public.t
  ALTER COLUMN e SET (n_distinct=5, n_distinct_inherited=6);

ALTER TABLE public.t
  ALTER COLUMN b SET COMPRESSION default;

ALTER TABLE public.t
  ALTER COLUMN b SET STORAGE EXTENDED;

ALTER TABLE public.t
  ALTER COLUMN d SET COMPRESSION pglz;

ALTER TABLE public.t
  ALTER COLUMN e SET STATISTICS 500;

ALTER TABLE public.t
  ALTER COLUMN a SET STORAGE EXTERNAL;

ALTER TABLE public.t
  ALTER COLUMN c SET STORAGE EXTERNAL;
