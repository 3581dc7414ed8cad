-- migrate:up

CREATE TABLE public.declared (
  id integer
) INHERITS (public.elders);

CREATE TABLE public.heirs (
  own  integer,
  rank integer,
  name text    DEFAULT 'y',
  id   integer,
  CONSTRAINT positive CHECK (id > 0)
);

CREATE TABLE public.grandchild (
  more integer,
  own  integer,
  rank integer,
  id   integer,
  name text,
  CONSTRAINT positive CHECK (id > 0)
);

CREATE TABLE public.of_two (
  id integer DEFAULT 2
) INHERITS (public.others, public.elders);

ALTER TABLE public.declared
  ADD COLUMN own integer;

ALTER TABLE public.of_two
  ADD COLUMN z integer;

ALTER TABLE public.grandchild
  INHERIT public.heirs;

ALTER TABLE public.heirs
  INHERIT public.elders;

ALTER TABLE ONLY public.declared
  ALTER COLUMN id DROP DEFAULT;

ALTER TABLE ONLY public.of_two
  ALTER COLUMN name DROP DEFAULT;

ALTER TABLE public.heirs
  INHERIT public.others;
