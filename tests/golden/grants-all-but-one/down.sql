-- migrate:down

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM writer;

REVOKE ALL ON TABLE public.users FROM manager;

REVOKE ALL ON TABLE public.users FROM reader;

GRANT DELETE ON TABLE public.orders TO reader;
