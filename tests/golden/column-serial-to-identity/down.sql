-- migrate:down

ALTER SEQUENCE public.t_id_seq RENAME TO t_id_seq_before;

CREATE SEQUENCE public.t_id_seq AS integer;
SELECT setval('public.t_id_seq', max(number))
  FROM (SELECT max(id) AS number FROM public.t
        UNION ALL
        SELECT last_value FROM public.t_id_seq_before WHERE is_called) AS numbers
HAVING max(number) >= 1;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id DROP IDENTITY;

ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;

ALTER TABLE public.t
  ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);
