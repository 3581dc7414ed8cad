-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.entries wait until the migration is committed.
DROP TABLE public.entries;

-- SECURITY: everybody who can connect gets this right.
GRANT EXECUTE ON FUNCTION public.one() TO PUBLIC;

GRANT EXECUTE ON FUNCTION public.one() TO CURRENT_USER;

GRANT CREATE ON SCHEMA s TO CURRENT_USER;

GRANT UPDATE ON SEQUENCE public.numbers TO CURRENT_USER;

GRANT UPDATE ON TABLE public.users TO CURRENT_USER;

GRANT USAGE ON TYPE public.mood TO CURRENT_USER;
