-- migrate:up

CREATE TYPE public.point3 AS (
  x double precision,
  y double precision,
  z double precision
);
