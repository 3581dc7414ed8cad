-- migrate:up

-- ROWS: fails if an existing row violates this.
ALTER TABLE public.p26
  VALIDATE CONSTRAINT positive;
