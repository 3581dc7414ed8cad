-- migrate:up

-- ROWS: numbers begin again, and may be taken.
ALTER SEQUENCE public.s MAXVALUE 99 START WITH 1 RESTART;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET MAXVALUE 99 SET START WITH 1 RESTART;
SELECT setval(pg_get_serial_sequence('public.t', 'id'), coalesce(max(id), 1), count(*) > 0)
  FROM public.t
 WHERE id BETWEEN 1 AND 99;
