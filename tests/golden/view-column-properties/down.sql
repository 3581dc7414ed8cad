-- migrate:down

REVOKE ALL (b) ON public.v FROM PUBLIC;

-- SECURITY: everybody who can connect gets this right.
GRANT UPDATE (b) ON public.v TO PUBLIC;

COMMENT ON COLUMN public.v.b IS NULL;

-- LOCK: reads and writes of public.v wait until the migration is committed.
ALTER VIEW public.v ALTER COLUMN b DROP DEFAULT;

-- SECURITY: everybody who can connect gets this right.
GRANT SELECT (a) ON public.v TO PUBLIC;

COMMENT ON COLUMN public.v.a IS 'the first';

ALTER VIEW public.v ALTER COLUMN a SET DEFAULT 1;
