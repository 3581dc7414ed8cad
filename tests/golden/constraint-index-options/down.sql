-- migrate:down

ALTER INDEX public.one_a_day RESET (deduplicate_items, fillfactor);

ALTER INDEX public.readings_pkey RESET (fillfactor);

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.old is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.old wait until the migration is committed.
ALTER TABLE public.old
  ALTER COLUMN id SET NOT NULL;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.old is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.old
  ADD CONSTRAINT old_pkey PRIMARY KEY (id);

ALTER INDEX public.old_pkey SET (fillfactor=60);

ALTER INDEX public.readings_code_key SET (fillfactor=80);
