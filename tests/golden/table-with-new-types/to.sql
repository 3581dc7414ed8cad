CREATE TABLE users (id bigint PRIMARY KEY);
CREATE FUNCTION is_short(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT length(t) < 20 $$;
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TYPE place AS (street text, town text);
CREATE DOMAIN label AS text CHECK (VALUE <> '');
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    state state NOT NULL DEFAULT 'new',
    sent_to place,
    label label NOT NULL,
    "Order" int,
    name text CHECK (is_short(name)),
    follows bigint REFERENCES orders
);
CREATE TABLE lines (order_id bigint REFERENCES orders, "user" text, PRIMARY KEY (order_id, "user"));
