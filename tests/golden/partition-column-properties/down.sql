-- migrate:down

REVOKE ALL (n) ON public.t_2024 FROM clerk;

COMMENT ON COLUMN public.t_2024.n IS NULL;

-- LOCK: reads and writes of public.t_2024 wait until the migration is committed.
ALTER TABLE public.t_2024
  ALTER COLUMN n DROP NOT NULL;

ALTER TABLE public.t_2024
  ENABLE TRIGGER touched;
