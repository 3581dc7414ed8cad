-- migrate:down

-- LOCK: reads and writes of public.far_notes wait until the migration is committed.
DROP FOREIGN TABLE public.far_notes;

-- LOCK: reads and writes of public.readings, public.readings_old wait until the migration is committed.
DROP FOREIGN TABLE public.readings_old;

CREATE FOREIGN TABLE public.far_notes (
  text  text,
  place text
) SERVER far;

CREATE FOREIGN TABLE public.readings_old PARTITION OF public.readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
  SERVER far;
