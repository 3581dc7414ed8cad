-- migrate:down

GRANT INSERT, SELECT ON TABLE public.users TO reader WITH GRANT OPTION;
