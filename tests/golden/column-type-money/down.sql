-- migrate:down

-- DATA LOSS: values are cut or rounded to fit into money[].
-- DATA LOSS: values are cut or rounded to fit into money.
-- ROWS: fails if a value does not fit into money.
-- ROWS: fails if a value does not fit into numeric(12,4).
-- REWRITE: every row of public.bills is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.bills wait until the migration is committed.
ALTER TABLE public.bills
  ALTER COLUMN parts TYPE money[],
  ALTER COLUMN taxed TYPE numeric(12,4),
  ALTER COLUMN total TYPE money;
