-- migrate:up

CREATE TABLE public.entries (
  id integer
);

ALTER TABLE public.entries
  OWNER TO app;

-- SECURITY: app owns it from here on, and may do anything with it.
-- LOCK: reads and writes of public.ledger wait until the migration is committed.
ALTER TABLE public.ledger
  OWNER TO app;

REVOKE DELETE ON TABLE public.entries FROM app;

REVOKE DELETE ON TABLE public.ledger FROM app;

REVOKE UPDATE ON TABLE public.users FROM app;
