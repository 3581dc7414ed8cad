-- migrate:down

-- LOCK: reads and writes of public."Odd ""one" wait until the migration is committed.
DROP INDEX public."I x";

-- DATA LOSS: what it held is gone.
ALTER TABLE public."Odd ""one"
  DROP COLUMN "select";
