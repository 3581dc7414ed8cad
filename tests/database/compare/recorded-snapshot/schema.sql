CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('open', 'paid');
CREATE DOMAIN shop.price AS numeric(12, 2) CHECK (VALUE > 0);
CREATE TYPE shop.address AS (street text, zip varchar(10));
CREATE COLLATION shop.plain (locale = 'C');
CREATE FUNCTION shop.slug(name text) RETURNS text LANGUAGE sql IMMUTABLE RETURN lower(name);
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE shop.customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name varchar(40) NOT NULL UNIQUE COLLATE shop.plain,
  slug text GENERATED ALWAYS AS (shop.slug(name::text)) STORED,
  home shop.address,
  CONSTRAINT named CHECK (name IN ('a', 'b')) NOT VALID
);
COMMENT ON COLUMN shop.customers.name IS 'As it is spoken';
CREATE TABLE shop.orders (
  id bigserial,
  customer bigint REFERENCES shop.customers ON DELETE CASCADE DEFERRABLE,
  at date NOT NULL DEFAULT now(),
  state shop.state NOT NULL DEFAULT 'open',
  total shop.price,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE shop.orders_2026 PARTITION OF shop.orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX by_state ON shop.orders (state, at DESC) INCLUDE (total) WHERE state = 'open';
CREATE STATISTICS shop.dependent ON customer, at FROM shop.orders;
ALTER TABLE shop.customers ALTER COLUMN name SET STORAGE EXTERNAL;
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.customers FOR SELECT USING (name = CURRENT_USER);
CREATE TRIGGER touched BEFORE UPDATE ON shop.customers FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE VIEW shop.open AS SELECT id, at FROM shop.orders WHERE state = 'open';
CREATE MATERIALIZED VIEW shop.per_day AS SELECT at, count(*) FROM shop.orders GROUP BY at;
CREATE RULE silent AS ON DELETE TO shop.orders DO INSTEAD NOTHING;
CREATE SEQUENCE shop.numbers START WITH 9000000000000000000 INCREMENT BY 7 CYCLE;
CREATE OPERATOR shop.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE AGGREGATE shop.total (int) (SFUNC = int4pl, STYPE = int);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER there FOREIGN DATA WRAPPER nowhere OPTIONS (host 'h');
CREATE FOREIGN TABLE shop.far (id int) SERVER there;
CREATE PUBLICATION news FOR TABLE shop.customers;
GRANT SELECT ON shop.customers TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;
