-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX public.t_back;

DROP OPERATOR CLASS public.backwards USING btree;

DROP OPERATOR FAMILY public.backwards USING btree;

ALTER OPERATOR FAMILY public.numbers USING btree DROP FUNCTION 1 (integer, bigint), OPERATOR 1 (integer, bigint);
