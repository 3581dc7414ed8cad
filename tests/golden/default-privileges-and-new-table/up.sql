-- migrate:up

CREATE TABLE "public"."closed" (
  "id" integer
);

REVOKE ALL ON TABLE "public"."closed" FROM "reader";

CREATE TABLE "public"."open" (
  "id" integer
);

REVOKE ALL ON TABLE "public"."closed" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE
  ON TABLE "public"."closed"
  TO "postgres";

REVOKE ALL ON TABLE "public"."open" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE
  ON TABLE "public"."open"
  TO "postgres";

GRANT SELECT ON TABLE "public"."open" TO "reader";
