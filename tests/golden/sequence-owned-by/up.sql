-- migrate:up

ALTER SEQUENCE public.s OWNED BY public.t.id;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id SET DEFAULT nextval('public.s'::regclass);
