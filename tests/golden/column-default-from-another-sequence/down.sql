-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT;

CREATE SEQUENCE public.old_numbers;
SELECT setval('public.old_numbers', max(number))
  FROM (SELECT max(id) AS number FROM public.t
        UNION ALL
        SELECT last_value FROM public.numbers WHERE is_called) AS numbers
HAVING max(number) >= 1;

DROP SEQUENCE public.numbers;

ALTER TABLE public.t
  ALTER COLUMN id SET DEFAULT nextval('public.old_numbers'::regclass);
