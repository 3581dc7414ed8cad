-- migrate:up

CREATE TABLE public.a () INHERITS (public.z, public.b);

ALTER TABLE public.a
  ADD COLUMN y integer;
