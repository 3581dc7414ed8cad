-- migrate:up

-- DATA LOSS: values are cut or rounded to fit into money; rolling back does not undo that.
-- ROWS: fails if a value does not fit into money.
-- REWRITE: every row of public.bills is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.bills wait until the migration is committed.
ALTER TABLE public.bills
  ALTER COLUMN parts TYPE numeric[],
  ALTER COLUMN taxed TYPE money,
  ALTER COLUMN total TYPE numeric;
