-- migrate:up

CREATE SCHEMA "app" AUTHORIZATION "postgres";

CREATE EXTENSION "citext" SCHEMA "app";

COMMENT ON EXTENSION "citext" IS 'data type for case-insensitive character strings';
