-- migrate:up

-- ROWS: fails if one refers to what is not there.
ALTER TABLE public.p26
  VALIDATE CONSTRAINT refers;
