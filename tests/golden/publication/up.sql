-- migrate:up

-- SECURITY: subscribers of pub get rows that they did not get before.
CREATE PUBLICATION pub FOR TABLE public.users WITH (
  publish = 'insert, update'
);
