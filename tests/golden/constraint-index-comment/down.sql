-- migrate:down

COMMENT ON CONSTRAINT t_pkey ON public.t IS NULL;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.rooms wait until the migration is committed.
DROP TABLE public.rooms;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN n SET NOT NULL;

-- ROWS: fails if two share a key.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t
  ADD CONSTRAINT t_code_key UNIQUE (code);

COMMENT ON SEQUENCE public.t_id_seq IS 'numbers';

COMMENT ON INDEX public.t_code_key IS E'it''s read from \\ written to';

COMMENT ON INDEX public.t_pkey IS 'for looking up';

ALTER TABLE public.t
  ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('public.t', 'n'), max(n))
  FROM public.t
HAVING max(n) >= 1;

COMMENT ON SEQUENCE public.t_n_seq IS 'more numbers';
