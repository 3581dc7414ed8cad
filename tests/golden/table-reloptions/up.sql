-- migrate:up

ALTER TABLE public.users
  SET (autovacuum_enabled=false, fillfactor=70);
