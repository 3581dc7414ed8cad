-- migrate:up

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.p, public.p26 wait until the migration is committed.
DROP TABLE "public"."p26";

CREATE TABLE "public"."p26" (
  "d" date,
  "n" integer
);
