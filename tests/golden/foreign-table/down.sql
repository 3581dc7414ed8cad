-- migrate:down

-- LOCK: reads and writes of public.ft wait until the migration is committed.
DROP FOREIGN TABLE public.ft;

DROP USER MAPPING FOR PUBLIC SERVER far;

DROP SERVER far;

DROP FOREIGN DATA WRAPPER w;
