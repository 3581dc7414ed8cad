-- migrate:up

REVOKE ALL ON TABLE public.orders FROM reader;

GRANT ALL ON TABLE public.orders TO reader;

REVOKE DELETE ON TABLE public.orders FROM reader;

REVOKE ALL ON TABLE public.users FROM manager;

GRANT ALL ON TABLE public.users TO manager WITH GRANT OPTION;

REVOKE TRIGGER, TRUNCATE ON TABLE public.users FROM manager;

REVOKE ALL ON TABLE public.users FROM reader;

GRANT ALL ON TABLE public.users TO reader;

REVOKE INSERT ON TABLE public.users FROM reader;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO writer;

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE DELETE ON TABLES FROM writer;
