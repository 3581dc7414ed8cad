-- migrate:up

REVOKE ALL (a) ON public.v FROM PUBLIC;

REVOKE ALL (b) ON public.v FROM PUBLIC;

-- SECURITY: everybody who can connect gets this right.
GRANT SELECT (b) ON public.v TO PUBLIC;

COMMENT ON COLUMN public.v.a IS NULL;

-- LOCK: reads and writes of public.v wait until the migration is committed.
ALTER VIEW public.v ALTER COLUMN a DROP DEFAULT;

COMMENT ON COLUMN public.v.b IS 'the second';

ALTER VIEW public.v ALTER COLUMN b SET DEFAULT 2;
