CREATE SCHEMA "Shop";
CREATE SEQUENCE tickets_id_seq;
CREATE TABLE accounts (name text, id bigserial PRIMARY KEY);
CREATE TABLE "Shop"."Orders" (
  "Id" serial PRIMARY KEY,
  short smallserial,
  state varchar(20) NOT NULL DEFAULT 'new',
  tags text[] DEFAULT '{}',
  at timestamptz(3) DEFAULT '2026-01-01 00:00:00+00',
  code char(3) DEFAULT 'abc',
  price numeric(10,2) DEFAULT '1.50'
);
GRANT USAGE ON SEQUENCE "Shop"."Orders_Id_seq" TO PUBLIC;
COMMENT ON SEQUENCE "Shop"."Orders_Id_seq" IS 'numbers of orders';
CREATE TABLE tickets (id serial, other serial);
ALTER SEQUENCE tickets_other_seq INCREMENT BY 10;
CREATE TABLE elsewhere (id int NOT NULL DEFAULT nextval('tickets_other_seq'));
