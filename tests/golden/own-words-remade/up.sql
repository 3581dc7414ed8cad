-- migrate:up

-- LOCK: reads and writes of public.rich wait until the migration is committed.
DROP VIEW public.rich;

-- REWRITE: every row of public.accounts is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.accounts wait until the migration is committed.
ALTER TABLE public.accounts
  ALTER COLUMN balance TYPE bigint;

CREATE OR REPLACE FUNCTION public.twice(balance bigint)
 RETURNS bigint
 LANGUAGE sql
 STABLE
RETURN (2 * balance);

create view public.rich as
select id -- nobody's name
  from public.accounts
 where balance > 1000;
