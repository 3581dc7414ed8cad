-- migrate:up

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.logs, public.logs_rest wait until the migration is committed.
DROP TABLE public.logs_rest;

CREATE TABLE public.logs_2025 PARTITION OF public.logs FOR VALUES FROM ('2025-01-01') TO
  ('2026-01-01');
