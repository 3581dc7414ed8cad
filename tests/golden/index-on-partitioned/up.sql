-- migrate:up

-- SCAN: every row of public.p26 is read under the lock.
-- ONLINE: make it ON ONLY the table, then CONCURRENTLY on each partition, and ATTACH those.
-- LOCK: writes to public.p, public.p26 wait until the migration is committed.
CREATE INDEX p_n ON public.p (n);
