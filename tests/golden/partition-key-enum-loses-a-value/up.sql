-- migrate:up

-- LOCK: reads and writes of public.bills, public.bills_paid, public.bills_rest wait until the migration is committed.
ALTER TABLE public.bills
  DETACH PARTITION public.bills_paid;

ALTER TABLE public.bills
  DETACH PARTITION public.bills_rest;

-- DATA LOSS: the rows of partitions that are not named here are gone; rolling back does not undo that.
DROP TABLE public.bills;

ALTER TYPE public.state RENAME TO state_before;

CREATE TYPE public.state AS ENUM (
  'new',
  'paid'
);

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.bills_paid is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.bills_paid
  ALTER COLUMN state TYPE public.state USING state::text::public.state;

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.bills_rest is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.bills_rest
  ALTER COLUMN state TYPE public.state USING state::text::public.state;

DROP TYPE public.state_before;

CREATE TABLE public.bills (
  state  public.state,
  amount integer
) PARTITION BY LIST (state);

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.bills_paid is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.bills
  ATTACH PARTITION public.bills_paid FOR VALUES IN ('paid');

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.bills_rest is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.bills
  ATTACH PARTITION public.bills_rest DEFAULT;
