-- migrate:up

-- LOCK: reads and writes of public.p wait until the migration is committed.
CREATE TABLE public.p26 PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
