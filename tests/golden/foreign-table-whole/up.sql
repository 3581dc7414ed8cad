-- migrate:up

CREATE FOREIGN TABLE public.old_orders (
  id     integer NOT NULL,
  note   text    DEFAULT ''::text,
  placed date,
  CONSTRAINT positive CHECK (id > 0)
) SERVER archive OPTIONS (table_name 'orders');

COMMENT ON COLUMN public.old_orders.note IS 'As it was';

ALTER FOREIGN TABLE public.old_orders
  ALTER COLUMN placed OPTIONS (ADD column_name 'day');
