-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.p26 wait until the migration is committed.
DROP TABLE "public"."p26";

-- LOCK: reads and writes of public.p wait until the migration is committed.
CREATE TABLE "public"."p26" PARTITION OF "public"."p" FOR VALUES FROM ('2026-01-01') TO
  ('2027-01-01');
