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

ALTER TABLE public.p
  ALTER COLUMN a SET DEFAULT 1;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p1 FOR VALUES FROM (0) TO (10);

ALTER TABLE ONLY public.p1
  ALTER COLUMN a SET DEFAULT 1;
