-- migrate:up

CREATE TABLE public.seed (
  id integer
);

GRANT ALL ON TABLE public.seed TO manager;

GRANT ALL ON TABLE public.seed TO reader;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO reader;
