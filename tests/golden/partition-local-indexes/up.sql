-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
CREATE TABLE public.a_2024 PARTITION OF public.t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

-- ROWS: fails if two share a key.
ALTER TABLE public.t
  ADD CONSTRAINT t_id_day_key UNIQUE (id, day);

ALTER TABLE public.a_2024
  ADD CONSTRAINT a_2024_pkey PRIMARY KEY (id, day);

CREATE INDEX t_day ON public.t (day);

CREATE INDEX a_2024_day ON public.a_2024 (day);
