-- migrate:down

-- LOCK: reads and writes of public.u wait until the migration is committed.
DROP INDEX public.u_a;

ALTER TABLE public.u
  SET WITHOUT CLUSTER;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  NOT OF;

ALTER TABLE public.t
  RESET (toast.vacuum_truncate);

ALTER TABLE public.t
  SET (toast.autovacuum_enabled=false);

ALTER TABLE public.t
  CLUSTER ON t_a;

ALTER TABLE public.u
  OF public.row_type;
