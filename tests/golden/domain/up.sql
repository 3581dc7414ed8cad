-- migrate:up

CREATE DOMAIN public.positive AS integer
  DEFAULT 1 CONSTRAINT above_zero
  CHECK (VALUE > 0) CONSTRAINT positive_not_null
  NOT NULL;
