-- migrate:down

ALTER SEQUENCE public.numbers INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START
  WITH 1 RESTART;
SELECT setval('public.numbers', coalesce(max(number), 1), count(*) > 0)
  FROM (SELECT number AS number FROM public.further_lines
        UNION ALL
        SELECT number AS number FROM public.lines) AS numbers
 WHERE number BETWEEN 1 AND 9223372036854775807;

-- ROWS: numbers begin again, and may be taken.
ALTER SEQUENCE public.of_nobody INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START
  WITH 1 RESTART;

-- LOCK: reads and writes of public.kept wait until the migration is committed.
ALTER TABLE public.kept
  ALTER COLUMN id SET INCREMENT BY 10 SET MAXVALUE 2147483647;

-- LOCK: reads and writes of public.up wait until the migration is committed.
ALTER TABLE public.up
  ALTER COLUMN id SET INCREMENT BY 5 SET MINVALUE 1 SET MAXVALUE 2147483647 RESTART;
SELECT setval(pg_get_serial_sequence('public.up', 'id'), coalesce(max(id), 1), count(*) > 0)
  FROM public.up
 WHERE id BETWEEN 1 AND 2147483647;
