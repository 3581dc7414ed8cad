-- migrate:up

-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: writes to public.t wait until the migration is committed.
CREATE INDEX t_sum ON public.t ((e + 1));

ALTER TABLE public.t
  ALTER COLUMN e RESET (n_distinct_inherited);

ALTER TABLE public.t
  ALTER COLUMN e SET (n_distinct=7);

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN d SET COMPRESSION default;

ALTER TABLE public.t
  ALTER COLUMN e SET STATISTICS -1;

ALTER TABLE public.t
  ALTER COLUMN a SET STORAGE EXTENDED;

ALTER TABLE public.t
  ALTER COLUMN c SET STORAGE MAIN;

ALTER TABLE public.t
  ALTER COLUMN b SET COMPRESSION pglz;

ALTER INDEX public.t_sum ALTER COLUMN expr SET STATISTICS 300;

ALTER TABLE public.t
  ALTER COLUMN b SET STORAGE MAIN;
