-- migrate:down

REVOKE ALL ON TABLE public.users FROM reader;

GRANT INSERT, SELECT ON TABLE public.users TO reader WITH GRANT OPTION;
