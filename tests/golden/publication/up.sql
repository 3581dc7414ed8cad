-- migrate:up

CREATE PUBLICATION pub FOR TABLE public.users WITH (
  publish = 'insert, update'
);
