-- migrate:down

ALTER DOMAIN public.amount
  RENAME TO amount_before;

ALTER DOMAIN public.price
  RENAME TO price_before;

ALTER DOMAIN public.rebate
  RENAME TO rebate_before;

ALTER TYPE public.offer RENAME TO offer_before;

-- LOCK: reads and writes of public.prices wait until the migration is committed.
DROP VIEW public.prices;

-- LOCK: reads and writes of public.items wait until the migration is committed.
ALTER TABLE public.items
  DROP CONSTRAINT items_price_check;

DROP FUNCTION public.with_tax(public.price_before);

ALTER TABLE public.items
  ALTER COLUMN price DROP DEFAULT;

CREATE DOMAIN public.amount AS integer;

CREATE DOMAIN public.price AS public.amount
  DEFAULT 1 CONSTRAINT positive
  CHECK (VALUE::integer > 0);

CREATE DOMAIN public.rebate AS public.price
  DEFAULT 1 CONSTRAINT rebate_not_null
  NOT NULL;

CREATE TYPE public.offer AS (
  price public.price,
  until date
);

-- DATA LOSS: values are cut or rounded to fit into public.price[].
-- DATA LOSS: values are cut or rounded to fit into public.offer.
-- DATA LOSS: values are cut or rounded to fit into public.price.
-- DATA LOSS: values are cut or rounded to fit into public.rebate.
-- ROWS: fails if a value does not fit into integer.
-- ROWS: fails if a value, written as text, cannot be read as public.offer. Write USING by hand where it can be said otherwise.
-- REWRITE: every row of public.items is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.items
  ALTER COLUMN before TYPE public.price[] USING before::public.price[],
  ALTER COLUMN offer TYPE public.offer USING offer::text::public.offer,
  ALTER COLUMN price TYPE public.price,
  ALTER COLUMN rebate TYPE public.rebate;

DROP TYPE public.offer_before;

DROP DOMAIN public.rebate_before;

DROP DOMAIN public.price_before;

DROP DOMAIN public.amount_before;

ALTER TABLE public.items
  ALTER COLUMN price SET DEFAULT 3;

create or replace function public.with_tax(price public.price) returns public.amount language sql as 'select price * 2';

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.items is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.items
  ADD CONSTRAINT items_price_check CHECK (price::integer < 100);

create view public.prices as select price, rebate from public.items;
