-- migrate:up

CREATE SCHEMA "app" AUTHORIZATION "postgres";
