-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id DROP IDENTITY;

CREATE SEQUENCE public.t_id_seq AS integer;

ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;

ALTER TABLE public.t
  ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);
SELECT setval('public.t_id_seq', max(id))
  FROM public.t
HAVING max(id) >= 1;
