-- migrate:up

CREATE SCHEMA app;

CREATE EXTENSION citext SCHEMA app;

COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';
