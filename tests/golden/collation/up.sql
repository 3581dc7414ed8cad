-- migrate:up

CREATE COLLATION public.exact (
  LC_COLLATE = 'C',
  LC_CTYPE   = 'C'
);

CREATE TABLE public.t (
  a text COLLATE public.exact
);
