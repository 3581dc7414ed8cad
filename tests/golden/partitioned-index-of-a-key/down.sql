-- migrate:down

-- LOCK: reads and writes of public.t, public.t_2024 wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT t_key;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.t_2024 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t_2024
  ADD CONSTRAINT t_2024_id_day_idx PRIMARY KEY (id, day);

-- ROWS: fails if two share a key.
CREATE UNIQUE INDEX t_key ON public.t (id, day);
