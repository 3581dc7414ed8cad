-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.entries wait until the migration is committed.
DROP TABLE public.entries;

-- LOCK: reads and writes of public.ledger wait until the migration is committed.
ALTER TABLE public.ledger
  OWNER TO CURRENT_USER;

GRANT DELETE ON TABLE public.ledger TO CURRENT_USER;

GRANT UPDATE ON TABLE public.users TO app;
