-- migrate:up

-- ROWS: fails if an existing row violates this.
ALTER TABLE public.b
  VALIDATE CONSTRAINT positive;
