-- migrate:up

-- LOCK: reads and writes of public.days, public.days_2025, public.days_2026 wait until the migration is committed.
ALTER TABLE public.days
  DROP CONSTRAINT days_pkey;

-- ROWS: fails if two share a key, or one has none.
ALTER TABLE ONLY public.days
  ADD CONSTRAINT days_pkey PRIMARY KEY (day);

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.days_2026 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.days_2026
  ADD CONSTRAINT days_2026_pkey PRIMARY KEY (day);

ALTER INDEX public.days_pkey ATTACH PARTITION public.days_2026_pkey;
