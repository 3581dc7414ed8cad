-- migrate:up

CREATE VIEW public.v WITH (security_barrier) AS SELECT name FROM public.users;
