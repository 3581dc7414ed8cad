-- migrate:down

-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE "public"."p"
  DETACH PARTITION "public"."p1";

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p1 wait until the migration is committed.
DROP TABLE "public"."p1";

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p wait until the migration is committed.
DROP TABLE "public"."p";

CREATE TABLE "public"."p" (
  "a" integer,
  "b" integer
) PARTITION BY RANGE (a);

CREATE TABLE "public"."p1" PARTITION OF "public"."p" FOR VALUES FROM (0) TO (10);
