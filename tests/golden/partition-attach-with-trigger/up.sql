-- migrate:up

-- LOCK: reads and writes of public.orders, public.invoices wait until the migration is committed.
ALTER TABLE "public"."invoices"
  DROP CONSTRAINT "invoices_id_day_fkey";

ALTER TABLE "public"."orders"
  DROP CONSTRAINT "orders_id_day_fkey";

-- LOCK: reads and writes of public.orders_2024 wait until the migration is committed.
DROP TRIGGER "touched" ON "public"."orders_2024";

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.invoices wait until the migration is committed.
DROP TABLE "public"."invoices";

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.orders wait until the migration is committed.
DROP TABLE "public"."orders";

CREATE TABLE "public"."invoices" (
  "id"  integer,
  "day" date
) PARTITION BY RANGE (day);

CREATE TABLE "public"."orders" (
  "id"  integer,
  "day" date
) PARTITION BY RANGE (day);

-- ROWS: fails if two share a key.
ALTER TABLE "public"."invoices"
  ADD CONSTRAINT "invoices_id_day_key" UNIQUE (id, day);

-- ROWS: fails if one refers to what is not there.
ALTER TABLE "public"."orders"
  ADD CONSTRAINT "orders_id_day_fkey" FOREIGN KEY (id, day) REFERENCES public.invoices(id, day);

-- ROWS: fails if two share a key.
ALTER TABLE "public"."orders"
  ADD CONSTRAINT "orders_id_day_key" UNIQUE (id, day);

CREATE TRIGGER touched
  BEFORE UPDATE ON public.orders
  FOR EACH ROW
  EXECUTE FUNCTION public.touch();

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.orders_2024 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE "public"."orders"
  ATTACH PARTITION "public"."orders_2024" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
