-- migrate:up

CREATE TABLE public.entries (
  id integer NOT NULL,
  CONSTRAINT entries_pkey PRIMARY KEY (id)
);

REVOKE ALL ON TABLE public.entries FROM reader;

REVOKE ALL ON TABLE public.entries FROM CURRENT_USER;

GRANT INSERT, SELECT ON TABLE public.entries TO CURRENT_USER;

GRANT ALL ON TABLE public.ledger TO CURRENT_USER;

REVOKE ALL ON TABLE public.users FROM CURRENT_USER;

GRANT INSERT, SELECT ON TABLE public.users TO CURRENT_USER;
