-- migrate:down

DROP OPERATOR "O, p (x)".<<< (integer, text);

DROP OPERATOR "O, p (x)".>>> (text, integer);

REVOKE ALL (a) ON public.v FROM "TO c WITH GRANT OPTION";

REVOKE ALL (a) ON public.v FROM "a, b";

REVOKE ALL (b) ON public.v FROM PUBLIC;

-- LOCK: reads and writes of public.child wait until the migration is committed.
ALTER TABLE public.child
  NO INHERIT public."x, y";

ALTER TABLE public.child
  NO INHERIT public."z ""z";

-- LOCK: reads and writes of public.p, public."p, 1", public.p2 wait until the migration is committed.
DROP INDEX public.by_b;

-- SCAN: every row of public."p, 1", public.p2 is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX by_b ON public.p ((b || '
;
'::text));
