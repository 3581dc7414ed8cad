-- migrate:up

-- SCAN: every row of public.users is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: writes to public.users wait until the migration is committed.
CREATE INDEX by_name ON public.users (lower(name));
