-- migrate:up

CREATE OPERATOR "O, p (x)".<<< (FUNCTION = public.less, COMMUTATOR = OPERATOR("O, p (x)".>>>), RESTRICT = scalarltsel, LEFTARG = integer, RIGHTARG = text);

COMMENT ON OPERATOR "O, p (x)".<<< (integer, text) IS 'with COMMENT ''in'' it';

CREATE OPERATOR "O, p (x)".>>> (FUNCTION = public.more, COMMUTATOR = OPERATOR("O, p (x)".<<<), LEFTARG = text, RIGHTARG = integer);

GRANT SELECT (a) ON public.v TO "TO c WITH GRANT OPTION";

GRANT SELECT (a) ON public.v TO "a, b";

GRANT UPDATE (a) ON public.v TO "TO c WITH GRANT OPTION";

GRANT UPDATE (a) ON public.v TO "a, b";

-- SECURITY: everybody who can connect gets this right.
GRANT SELECT (b) ON public.v TO PUBLIC;

-- LOCK: reads and writes of public.child wait until the migration is committed.
ALTER TABLE public.child
  INHERIT public."x, y";

ALTER TABLE public.child
  INHERIT public."z ""z";

-- LOCK: reads and writes of public.p, public."p, 1", public.p2 wait until the migration is committed.
DROP INDEX public.by_b;

CREATE INDEX by_b ON ONLY public.p ((b || '
;
'::text));

-- SCAN: every row of public."p, 1" is read under the lock.
-- ONLINE: run it while nobody needs the table.
CREATE INDEX "by, b" ON public."p, 1" ((b || '
;
'::text));

ALTER INDEX public.by_b ATTACH PARTITION public."by, b";
