-- migrate:up

CREATE TABLE public.b () INHERITS (public.a);

ALTER TABLE public.b
  ADD COLUMN x integer;
