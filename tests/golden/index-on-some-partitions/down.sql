-- migrate:down

-- LOCK: reads and writes of public.p, public.p1, public.p2 wait until the migration is committed.
DROP INDEX public.p_ab;

DROP INDEX public.p_a;

-- SCAN: every row of public.p1, public.p2 is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX p_a ON public.p (a);

DROP INDEX public.p_b;

CREATE INDEX p_b ON ONLY public.p (b);

-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX p1_b ON public.p1 (b);

ALTER INDEX public.p_b ATTACH PARTITION public.p1_b;
