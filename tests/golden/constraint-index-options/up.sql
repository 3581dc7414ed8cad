-- migrate:up

ALTER INDEX public.readings_code_key RESET (fillfactor);

-- LOCK: reads and writes of public.old wait until the migration is committed.
ALTER TABLE public.old
  DROP CONSTRAINT old_pkey;

ALTER TABLE public.old
  ALTER COLUMN id DROP NOT NULL;

ALTER INDEX public.one_a_day SET (deduplicate_items=off, fillfactor=90);

ALTER INDEX public.readings_pkey SET (fillfactor=70);
