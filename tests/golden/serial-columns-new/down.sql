-- migrate:down

-- LOCK: reads and writes of public.accounts wait until the migration is committed.
ALTER TABLE public.accounts
  DROP CONSTRAINT accounts_pkey;

-- DATA LOSS: what it held is gone.
ALTER TABLE public.accounts
  DROP COLUMN id;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of "Shop"."Orders" wait until the migration is committed.
DROP TABLE "Shop"."Orders";

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.elsewhere wait until the migration is committed.
DROP TABLE public.elsewhere;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.tickets wait until the migration is committed.
DROP TABLE public.tickets;

-- DATA LOSS: its next number is gone.
DROP SEQUENCE public.tickets_id_seq;

DROP SCHEMA "Shop";
