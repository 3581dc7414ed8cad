-- migrate:down

-- LOCK: reads and writes of public.p1, public.rest, public.c and 1 more wait until the migration is committed.
ALTER TABLE public.c
  DROP CONSTRAINT c_p;

-- LOCK: reads and writes of public.p1, public.rest, public.p wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p1;

ALTER TABLE public.p
  DETACH PARTITION public.rest;

-- DATA LOSS: the rows of partitions that are not named here are gone.
DROP TABLE public.p;

CREATE TABLE public.p (
  id bigint  GENERATED ALWAYS AS IDENTITY (START WITH 50) NOT NULL,
  a  integer NOT NULL
) PARTITION BY LIST (a);
SELECT setval(pg_get_serial_sequence('public.p', 'id'), max(number))
  FROM (SELECT max(id) AS number FROM public.p1
        UNION ALL
        SELECT max(id) AS number FROM public.rest) AS numbers
HAVING max(number) >= 50;

-- ROWS: fails if two share a key.
ALTER TABLE public.p
  ADD CONSTRAINT p_id_a_key UNIQUE (id, a);

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p1 FOR VALUES IN (1);

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.rest is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.rest DEFAULT;

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.p1, public.rest, public.c is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.c
  ADD CONSTRAINT c_p FOREIGN KEY (id, a) REFERENCES public.p(id, a);
