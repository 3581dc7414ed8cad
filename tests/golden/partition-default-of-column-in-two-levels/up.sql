-- migrate:up

CREATE TABLE public.jars (
  id    bigint NOT NULL,
  at    date   NOT NULL,
  state text   NOT NULL
) PARTITION BY RANGE (at);

CREATE TABLE public.jars_1 PARTITION OF public.jars FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
  PARTITION BY LIST (state);

CREATE TABLE public.jars_1_new PARTITION OF public.jars_1 FOR VALUES IN ('new');

ALTER TABLE public.jars
  ALTER COLUMN state SET DEFAULT 'new'::text;

ALTER TABLE ONLY public.jars_1
  ALTER COLUMN state DROP DEFAULT;

ALTER TABLE ONLY public.jars_1_new
  ALTER COLUMN state DROP DEFAULT;
