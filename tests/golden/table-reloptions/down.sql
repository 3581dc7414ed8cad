-- migrate:down

ALTER TABLE public.users
  RESET (autovacuum_enabled, fillfactor);
