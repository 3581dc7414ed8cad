-- migrate:down

-- LOCK: reads and writes of public.orders_2024, public.orders wait until the migration is committed.
-- LOCK: writes to public.invoices wait until the migration is committed.
ALTER TABLE "public"."orders"
  DETACH PARTITION "public"."orders_2024";

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.invoices, public.orders wait until the migration is committed.
DROP TABLE "public"."orders";

CREATE TABLE "public"."orders" (
  "id"  integer,
  "day" date,
  CONSTRAINT "orders_id_day_key" UNIQUE (id, day)
);

-- ROWS: fails if one refers to what is not there.
ALTER TABLE "public"."orders"
  ADD CONSTRAINT "orders_id_day_fkey" FOREIGN KEY (id, day) REFERENCES public.invoices(id, day);

-- ROWS: fails if one refers to what is not there.
ALTER TABLE "public"."invoices"
  ADD CONSTRAINT "invoices_id_day_fkey" FOREIGN KEY (id, day) REFERENCES public.orders(id, day);

CREATE TRIGGER touched
  BEFORE UPDATE ON public.orders
  FOR EACH ROW
  EXECUTE FUNCTION public.touch();

-- LOCK: reads and writes of public.orders_2024 wait until the migration is committed.
ALTER TABLE "public"."orders_2024"
  DROP CONSTRAINT "orders_2024_id_day_key";

-- LOCK: reads and writes of public.orders_2024, public.invoices wait until the migration is committed.
ALTER TABLE "public"."orders_2024"
  DROP CONSTRAINT "orders_id_day_fkey";

-- LOCK: reads and writes of public.invoices wait until the migration is committed.
ALTER TABLE "public"."invoices"
  DROP CONSTRAINT "invoices_id_day_fkey";

ALTER TABLE "public"."orders"
  DROP CONSTRAINT "orders_id_day_fkey";

ALTER TABLE "public"."invoices"
  DROP CONSTRAINT "invoices_id_day_key";

-- DATA LOSS: its rows are gone.
DROP TABLE "public"."invoices";

CREATE TABLE "public"."invoices" (
  "id"  integer,
  "day" date,
  CONSTRAINT "invoices_id_day_key" UNIQUE (id, day)
);

-- ROWS: fails if one refers to what is not there.
ALTER TABLE "public"."invoices"
  ADD CONSTRAINT "invoices_id_day_fkey" FOREIGN KEY (id, day) REFERENCES public.orders(id, day);

-- LOCK: writes to public.orders_2024 wait until the migration is committed.
CREATE TRIGGER touched
  BEFORE UPDATE ON public.orders_2024
  FOR EACH ROW
  EXECUTE FUNCTION public.touch();

ALTER TABLE "public"."invoices"
  DROP CONSTRAINT "invoices_id_day_fkey";

ALTER TABLE "public"."invoices"
  DROP CONSTRAINT "invoices_id_day_key";

-- ROWS: fails if one refers to what is not there.
ALTER TABLE "public"."invoices"
  ADD CONSTRAINT "invoices_id_day_fkey" FOREIGN KEY (id, day) REFERENCES public.orders(id, day);

-- ROWS: fails if two share a key.
ALTER TABLE "public"."invoices"
  ADD CONSTRAINT "invoices_id_day_key" UNIQUE (id, day);

-- ROWS: fails if one refers to what is not there.
ALTER TABLE "public"."orders"
  ADD CONSTRAINT "orders_id_day_fkey" FOREIGN KEY (id, day) REFERENCES public.invoices(id, day);
