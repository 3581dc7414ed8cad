-- migrate:up

CREATE TYPE public.span AS RANGE (
  SUBTYPE              = double precision,
  MULTIRANGE_TYPE_NAME = public.span_multirange
);

CREATE TABLE public.t (
  s public.span
);
