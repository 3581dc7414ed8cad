-- migrate:up

CREATE TABLE public.customers (
  id    bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  email text   NOT NULL,
  CONSTRAINT customers_email_key UNIQUE (email),
  CONSTRAINT customers_pkey PRIMARY KEY (id)
);

CREATE TABLE public.orders (
  id          bigint                   GENERATED ALWAYS AS IDENTITY NOT NULL,
  customer_id bigint                   NOT NULL,
  placed_at   timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id)
    ON DELETE CASCADE
);

CREATE INDEX orders_placed_at ON public.orders (placed_at);
