-- migrate:up

CREATE TABLE "public"."t" ();

CREATE COLLATION "public"."exact" (
  LC_COLLATE = 'C',
  LC_CTYPE   = 'C'
);

ALTER TABLE "public"."t"
  ADD COLUMN "a" text COLLATE public.exact;
