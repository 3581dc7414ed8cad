-- migrate:up

CREATE SCHEMA "Shop";

CREATE SEQUENCE public.tickets_id_seq1 AS integer;

CREATE SEQUENCE public.tickets_id_seq;

CREATE SEQUENCE public.tickets_other_seq AS integer INCREMENT BY 10;

CREATE TABLE "Shop"."Orders" (
  "Id"  serial,
  short smallserial,
  state character varying(20)       NOT NULL DEFAULT 'new',
  tags  text[]                      DEFAULT '{}',
  at    timestamp(3) with time zone DEFAULT '2026-01-01 00:00:00+00',
  code  character(3)                DEFAULT 'abc'::bpchar,
  price numeric(10,2)               DEFAULT 1.50,
  CONSTRAINT "Orders_pkey" PRIMARY KEY ("Id")
);

CREATE TABLE public.elsewhere (
  id integer NOT NULL DEFAULT nextval('public.tickets_other_seq'::regclass)
);

CREATE TABLE public.tickets (
  id    integer NOT NULL DEFAULT nextval('public.tickets_id_seq1'::regclass),
  other integer NOT NULL DEFAULT nextval('public.tickets_other_seq'::regclass)
);

-- REWRITE: every row of public.accounts is rewritten under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.accounts wait until the migration is committed.
ALTER TABLE public.accounts
  ADD COLUMN id bigserial;

ALTER SEQUENCE public.tickets_id_seq1 OWNED BY public.tickets.id;

ALTER SEQUENCE public.tickets_other_seq OWNED BY public.tickets.other;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.accounts is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.accounts
  ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

COMMENT ON SEQUENCE "Shop"."Orders_Id_seq" IS 'numbers of orders';

-- SECURITY: everybody who can connect gets this right.
GRANT USAGE ON SEQUENCE "Shop"."Orders_Id_seq" TO PUBLIC;
