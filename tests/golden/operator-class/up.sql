-- migrate:up

CREATE OPERATOR FAMILY public.backwards USING btree;

CREATE OPERATOR CLASS public.backwards FOR TYPE integer USING btree FAMILY public.backwards AS FUNCTION 1 (integer, integer) public.compare_back(integer,integer), OPERATOR 1 >(integer,integer), OPERATOR 2 >=(integer,integer), OPERATOR 3 =(integer,integer), OPERATOR 4 <=(integer,integer), OPERATOR 5 <(integer,integer), STORAGE integer;

ALTER OPERATOR FAMILY public.numbers USING btree ADD FUNCTION 1 (integer, bigint) btint48cmp(integer,bigint), OPERATOR 1 <(integer,bigint);

-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: writes to public.t wait until the migration is committed.
CREATE INDEX t_back ON public.t (a public.backwards);
