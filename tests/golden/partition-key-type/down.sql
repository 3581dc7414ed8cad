-- migrate:down

-- LOCK: reads and writes of public.p1, public.p wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p1;

-- DATA LOSS: the rows of partitions that are not named here are gone.
DROP TABLE public.p;

CREATE TABLE public.p (
  a integer,
  b integer
) PARTITION BY RANGE (a);

-- ROWS: fails if a value cannot be read as integer.
-- REWRITE: every row of public.p1 is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.p1
  ALTER COLUMN a TYPE integer USING a::integer;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p1 FOR VALUES FROM (0) TO (10);
