-- migrate:down

-- LOCK: reads and writes of public.days, public.days_2025, public.days_2026 wait until the migration is committed.
ALTER TABLE public.days
  DROP CONSTRAINT days_pkey;

-- ROWS: fails if two share a key, or one has none.
ALTER TABLE ONLY public.days
  ADD CONSTRAINT days_pkey PRIMARY KEY (day);

-- ROWS: fails if two share a key.
-- SCAN: every row of public.days_2025 is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE UNIQUE INDEX days_2025_pkey ON public.days_2025 (day);
