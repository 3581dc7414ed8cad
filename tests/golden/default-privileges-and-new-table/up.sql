-- migrate:up

CREATE TABLE public.closed (
  id integer
);

REVOKE ALL ON TABLE public.closed FROM reader;

CREATE TABLE public.open (
  id integer
);

GRANT SELECT ON TABLE public.open TO reader;
