-- migrate:down

ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM "reader";

REVOKE ALL ON SEQUENCE "public"."s" FROM "reader";

REVOKE ALL ON TABLE "public"."users" FROM "reader";
