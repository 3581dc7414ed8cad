-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT;

CREATE SEQUENCE public.numbers;
SELECT setval('public.numbers', max(number))
  FROM (SELECT max(id) AS number FROM public.t
        UNION ALL
        SELECT last_value FROM public.old_numbers WHERE is_called) AS numbers
HAVING max(number) >= 1;

DROP SEQUENCE public.old_numbers;

ALTER TABLE public.t
  ALTER COLUMN id SET DEFAULT nextval('public.numbers'::regclass);
