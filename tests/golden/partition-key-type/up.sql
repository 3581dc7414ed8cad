-- migrate:up

-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p1;

-- DATA LOSS: the rows of partitions that are not named here are gone; rolling back does not undo that.
DROP TABLE public.p;

CREATE TABLE public.p (
  a text,
  b integer
) PARTITION BY RANGE (a);

-- REWRITE: every row of public.p1 is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.p1
  ALTER COLUMN a TYPE text;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p1 FOR VALUES FROM ('a') TO ('b');
