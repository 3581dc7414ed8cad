-- migrate:up

-- LOCK: reads and writes of public.t_2024 wait until the migration is committed.
DROP INDEX public.own_id;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.t_2024 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ATTACH PARTITION public.t_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

-- SCAN: every row of public.t_2024 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX own_id ON public.t_2024 (id);
