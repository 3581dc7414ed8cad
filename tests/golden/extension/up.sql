-- migrate:up

CREATE SCHEMA app;

CREATE EXTENSION citext SCHEMA app;
