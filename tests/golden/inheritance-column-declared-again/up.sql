-- migrate:up

CREATE TABLE public.b (
  id integer NOT NULL DEFAULT 5
) INHERITS (public.a);

-- ROWS: fails on a table that has any. Give it a DEFAULT, or add it, fill it, then SET NOT NULL.
-- SCAN: every row of public.a is read under the lock.
-- LOCK: reads and writes of public.a wait until the migration is committed.
ALTER TABLE public.a
  ADD COLUMN at date NOT NULL;

ALTER TABLE public.b
  ADD COLUMN x integer;
