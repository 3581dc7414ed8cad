-- migrate:up

-- LOCK: reads and writes of public.p, public.p_1 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p_1;

ALTER TABLE public.p
  ALTER COLUMN name TYPE text COLLATE pg_catalog."C",
  ALTER COLUMN n TYPE bigint;

-- REWRITE: every row of public.p_1 is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.p_1
  ALTER COLUMN n TYPE bigint,
  ALTER COLUMN name TYPE text COLLATE pg_catalog."C";

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p_1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p_1 FOR VALUES FROM (1) TO (20);
