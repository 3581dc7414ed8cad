-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.entries wait until the migration is committed.
DROP TABLE public.entries;

REVOKE ALL ON FUNCTION public.one() FROM PUBLIC;

-- SECURITY: everybody who can connect gets this right.
GRANT EXECUTE ON FUNCTION public.one() TO PUBLIC;

REVOKE ALL ON FUNCTION public.one() FROM CURRENT_USER;

GRANT EXECUTE ON FUNCTION public.one() TO CURRENT_USER;

REVOKE ALL ON SCHEMA s FROM CURRENT_USER;

GRANT CREATE, USAGE ON SCHEMA s TO CURRENT_USER;

REVOKE ALL ON SEQUENCE public.numbers FROM CURRENT_USER;

GRANT SELECT, UPDATE, USAGE ON SEQUENCE public.numbers TO CURRENT_USER;

REVOKE ALL ON TABLE public.users FROM CURRENT_USER;

GRANT ALL ON TABLE public.users TO CURRENT_USER;

REVOKE ALL ON TYPE public.mood FROM CURRENT_USER;

GRANT USAGE ON TYPE public.mood TO CURRENT_USER;
