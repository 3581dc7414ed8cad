-- migrate:up

CREATE TABLE "public"."t" ();

CREATE TYPE "public"."span" AS RANGE (
  SUBTYPE              = double precision,
  MULTIRANGE_TYPE_NAME = public.span_multirange
);

ALTER TABLE "public"."t"
  ADD COLUMN "s" public.span;
