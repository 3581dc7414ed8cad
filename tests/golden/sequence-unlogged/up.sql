-- migrate:up

ALTER SEQUENCE public.s SET UNLOGGED;
