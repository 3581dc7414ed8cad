-- migrate:up

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN n SET NOT NULL;

REVOKE ALL ON SEQUENCE public.t_id_seq FROM clerk;

GRANT SELECT ON SEQUENCE public.t_id_seq TO clerk WITH GRANT OPTION;

GRANT SELECT ON SEQUENCE public.t_id_seq TO manager;

GRANT USAGE ON SEQUENCE public.t_id_seq TO manager;

ALTER TABLE public.t
  ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('public.t', 'n'), max(n))
  FROM public.t
HAVING max(n) >= 1;

GRANT SELECT ON SEQUENCE public.t_n_seq TO manager;

GRANT USAGE ON SEQUENCE public.t_n_seq TO manager;
