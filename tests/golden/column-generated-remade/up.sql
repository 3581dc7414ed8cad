-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP COLUMN b;

DROP FUNCTION public.twice(integer);

CREATE OR REPLACE FUNCTION public.twice(bigint) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1::int * 2';

-- REWRITE: every row of public.t is rewritten under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.t
  ADD COLUMN b integer GENERATED ALWAYS AS (public.twice(a::bigint)) STORED;
