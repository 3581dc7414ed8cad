-- migrate:up

CREATE DOMAIN public.label AS text CONSTRAINT label_check
  CHECK (VALUE <> ''::text);

CREATE TYPE public.place AS (
  street text,
  town   text
);

CREATE TYPE public.state AS ENUM (
  'new',
  'paid'
);

-- LOCK: writes to public.users wait until the migration is committed.
CREATE TABLE public.orders (
  id      bigint       NOT NULL,
  user_id bigint       NOT NULL,
  state   public.state NOT NULL DEFAULT 'new'::public.state,
  sent_to public.place,
  label   public.label NOT NULL,
  "Order" integer,
  name    text,
  follows bigint,
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_follows_fkey FOREIGN KEY (follows) REFERENCES public.orders(id),
  CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id)
);

CREATE TABLE public.lines (
  order_id bigint NOT NULL,
  "user"   text   NOT NULL,
  CONSTRAINT lines_pkey PRIMARY KEY (order_id, "user"),
  CONSTRAINT lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id)
);

CREATE OR REPLACE FUNCTION public.is_short(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT length(t) < 20 $$;

ALTER TABLE public.orders
  ADD CONSTRAINT orders_name_check CHECK (public.is_short(name));
