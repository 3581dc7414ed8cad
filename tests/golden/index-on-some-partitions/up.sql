-- migrate:up

-- LOCK: writes to public.p wait until the migration is committed.
CREATE INDEX p_ab ON ONLY public.p (a, b);

-- LOCK: reads and writes of public.p, public.p1, public.p2 wait until the migration is committed.
DROP INDEX public.p_b;

-- SCAN: every row of public.p1, public.p2 is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX p_b ON public.p (b);

DROP INDEX public.p_a;

CREATE INDEX p_a ON ONLY public.p (a);

-- SCAN: every row of public.p2 is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX p2_a ON public.p2 (a);

ALTER INDEX public.p_a ATTACH PARTITION public.p2_a;

-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX p1_ab ON public.p1 (a, b);

ALTER INDEX public.p_ab ATTACH PARTITION public.p1_ab;
