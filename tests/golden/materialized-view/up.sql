-- migrate:up

CREATE MATERIALIZED VIEW public.m AS SELECT name FROM public.users;

CREATE UNIQUE INDEX m_name ON public.m (name);
