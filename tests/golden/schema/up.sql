-- migrate:up

CREATE SCHEMA app;
