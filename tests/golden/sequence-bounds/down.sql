-- migrate:down

ALTER SEQUENCE public.s MAXVALUE 9223372036854775807 START WITH 500;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET MAXVALUE 2147483647 SET START WITH 500;
