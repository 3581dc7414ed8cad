-- migrate:up

-- SCAN: every row of public.u is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: writes to public.u wait until the migration is committed.
CREATE INDEX u_a ON public.u (a);

ALTER TABLE public.t
  SET WITHOUT CLUSTER;

-- LOCK: reads and writes of public.u wait until the migration is committed.
ALTER TABLE public.u
  NOT OF;

ALTER TABLE public.t
  RESET (toast.autovacuum_enabled);

ALTER TABLE public.t
  SET (toast.vacuum_truncate=false);

ALTER TABLE public.u
  CLUSTER ON u_a;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  OF public.row_type;
