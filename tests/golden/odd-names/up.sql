-- migrate:up

-- LOCK: reads and writes of public."Odd ""one" wait until the migration is committed.
ALTER TABLE public."Odd ""one"
  ADD COLUMN "select" text DEFAULT 'it''s';

-- SCAN: every row of public."Odd ""one" is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX "I x" ON public."Odd ""one" ("select");
