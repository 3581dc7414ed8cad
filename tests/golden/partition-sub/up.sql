-- migrate:up

-- LOCK: reads and writes of public.p wait until the migration is committed.
CREATE TABLE public.p26 PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
  PARTITION BY HASH (n);

CREATE TABLE public.p26_0 PARTITION OF public.p26 FOR VALUES WITH (modulus 2, remainder 0);

CREATE TABLE public.p26_1 PARTITION OF public.p26 FOR VALUES WITH (modulus 2, remainder 1);
