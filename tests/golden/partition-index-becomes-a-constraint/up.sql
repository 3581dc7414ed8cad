-- migrate:up

-- LOCK: reads and writes of public.days_2025 wait until the migration is committed.
DROP INDEX public.days_2025_pkey;

-- LOCK: reads and writes of public.days, public.days_2025, public.days_2026 wait until the migration is committed.
ALTER TABLE public.days
  DROP CONSTRAINT days_pkey;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.days_2025, public.days_2026 is read under the lock.
-- ONLINE: add it to the partitions first, one by one.
ALTER TABLE public.days
  ADD CONSTRAINT days_pkey PRIMARY KEY (day);
