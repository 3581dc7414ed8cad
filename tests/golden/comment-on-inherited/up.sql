-- migrate:up

COMMENT ON TRIGGER touched ON public.p1 IS NULL;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE public.p
  ALTER COLUMN d SET NOT NULL;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: add it to the partitions first, one by one.
ALTER TABLE public.p
  ADD CONSTRAINT p_pkey PRIMARY KEY (d);

COMMENT ON CONSTRAINT few ON public.p1 IS 'it''s as in p';

COMMENT ON CONSTRAINT p1_pkey ON public.p1 IS 'the key';

COMMENT ON CONSTRAINT refers ON public.p1 IS 'to r';
