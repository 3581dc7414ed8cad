-- migrate:down

-- LOCK: reads and writes of public.t, public.t_2024 wait until the migration is committed.
ALTER TABLE public.t
  DETACH PARTITION public.t_2024;

DROP INDEX public.t_2024_id_idx;
