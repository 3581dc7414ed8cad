-- migrate:up

-- LOCK: reads and writes of public.p wait until the migration is committed.
CREATE TABLE public.p_rest PARTITION OF public.p DEFAULT;
