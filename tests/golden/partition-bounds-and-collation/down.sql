-- migrate:down

-- LOCK: reads and writes of public.p, public.p_1 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p_1;

-- ROWS: fails if a value does not fit into integer.
ALTER TABLE public.p
  ALTER COLUMN name TYPE text,
  ALTER COLUMN n TYPE integer;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.p_1 is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.p_1
  ALTER COLUMN n TYPE integer,
  ALTER COLUMN name TYPE text;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p_1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p_1 FOR VALUES FROM (1) TO (10);
