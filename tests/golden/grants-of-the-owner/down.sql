-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.entries wait until the migration is committed.
DROP TABLE public.entries;

REVOKE ALL ON TABLE public.ledger FROM CURRENT_USER;

GRANT SELECT ON TABLE public.ledger TO CURRENT_USER;

GRANT ALL ON TABLE public.users TO CURRENT_USER;
