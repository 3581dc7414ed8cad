-- migrate:up

ALTER SEQUENCE public.numbers INCREMENT BY -1 MINVALUE -9223372036854775808 MAXVALUE -1 START
  WITH -1 RESTART;
SELECT setval('public.numbers', coalesce(min(number), -1), count(*) > 0)
  FROM (SELECT number AS number FROM public.further_lines
        UNION ALL
        SELECT number AS number FROM public.lines) AS numbers
 WHERE number BETWEEN -9223372036854775808 AND -1;

-- ROWS: numbers begin again, and may be taken.
ALTER SEQUENCE public.of_nobody INCREMENT BY -1 MINVALUE -9223372036854775808 MAXVALUE -1 START
  WITH -1 RESTART;

-- ROWS: fails if the sequence has come to a number that is not between 1 and 5000.
-- LOCK: reads and writes of public.kept wait until the migration is committed.
ALTER TABLE public.kept
  ALTER COLUMN id SET INCREMENT BY 1 SET MAXVALUE 5000;

-- LOCK: reads and writes of public.up wait until the migration is committed.
ALTER TABLE public.up
  ALTER COLUMN id SET INCREMENT BY -5 SET MINVALUE -1000 SET MAXVALUE 1000000 RESTART;
SELECT setval(pg_get_serial_sequence('public.up', 'id'), coalesce(min(id), 1), count(*) > 0)
  FROM public.up
 WHERE id BETWEEN -1000 AND 1;
