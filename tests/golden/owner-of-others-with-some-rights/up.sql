-- migrate:up

REVOKE ALL ON TABLE public.ledger FROM CURRENT_USER;

CREATE TABLE public.entries (
  id integer
);

ALTER TABLE public.entries
  OWNER TO app;

-- LOCK: reads and writes of public.ledger wait until the migration is committed.
ALTER TABLE public.ledger
  OWNER TO app;

REVOKE ALL ON TABLE public.entries FROM app;

GRANT ALL ON TABLE public.entries TO app;

REVOKE DELETE ON TABLE public.entries FROM app;

REVOKE ALL ON TABLE public.ledger FROM app;

GRANT ALL ON TABLE public.ledger TO app;

REVOKE DELETE ON TABLE public.ledger FROM app;

REVOKE ALL ON TABLE public.users FROM app;

GRANT ALL ON TABLE public.users TO app;

REVOKE UPDATE ON TABLE public.users FROM app;
