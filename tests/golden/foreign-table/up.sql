-- migrate:up

CREATE FOREIGN DATA WRAPPER "w";

CREATE SERVER "far"
  FOREIGN DATA WRAPPER "w"
  OPTIONS ("host" 'far');

CREATE USER MAPPING FOR PUBLIC SERVER "far";

CREATE FOREIGN TABLE "public"."ft" () SERVER "far" OPTIONS ("table_name" 't');

ALTER TABLE "public"."ft"
  ADD COLUMN "id" integer NOT NULL;

ALTER TABLE "public"."ft"
  ADD COLUMN "name" text;
