-- migrate:down

-- LOCK: reads and writes of shop.orders wait until the migration is committed.
DROP POLICY own_orders ON shop.orders;

DROP POLICY written_anyhow ON shop.orders;

DROP RULE keep ON shop.orders;

DROP TRIGGER orders_paid ON shop.orders;

-- LOCK: reads and writes of shop.totals wait until the migration is committed.
DROP MATERIALIZED VIEW shop.totals;

-- LOCK: reads and writes of shop.everything wait until the migration is committed.
DROP VIEW shop.everything;

-- LOCK: reads and writes of shop.paid wait until the migration is committed.
DROP VIEW shop.paid;

-- LOCK: reads and writes of shop.unpaid wait until the migration is committed.
DROP VIEW shop.unpaid;

DROP AGGREGATE shop.cents_of(shop.orders);

DROP FUNCTION shop.add_cents(bigint, shop.orders);

DROP FUNCTION shop.mark_paid();

DROP FUNCTION shop.size_of(shop.orders);

DROP TYPE shop.money_range;

-- SECURITY: policies no longer limit who sees which rows of shop.orders.
ALTER TABLE shop.orders
  DISABLE ROW LEVEL SECURITY;

CREATE VIEW shop.unpaid AS
 SELECT id,
    customer
   FROM shop.orders
  WHERE paid_at IS NULL;
