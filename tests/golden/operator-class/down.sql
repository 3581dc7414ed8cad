-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
DROP INDEX "public"."t_back";

ALTER OPERATOR FAMILY "public"."numbers" USING "btree" DROP FUNCTION 1 (integer, bigint),
  OPERATOR 1 (integer,bigint);

DROP OPERATOR CLASS "public"."backwards" USING "btree";

DROP OPERATOR FAMILY "public"."backwards" USING "btree";
