-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.jobs, public.jobs_2026, public.jobs_2026_new wait until the migration is committed.
DROP TABLE public.jobs_2026;

ALTER TYPE public.state RENAME TO state_before;

CREATE TYPE public.state AS ENUM (
  'new',
  'open'
);

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.jobs_2027 is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
-- LOCK: reads and writes of public.jobs, public.jobs_2027 wait until the migration is committed.
ALTER TABLE public.jobs
  ALTER COLUMN s TYPE public.state USING s::text::public.state;

DROP TYPE public.state_before;

CREATE TABLE public.jobs_2026 PARTITION OF public.jobs FOR VALUES FROM ('2026-01-01') TO
  ('2027-01-01') PARTITION BY LIST (s);

CREATE TABLE public.jobs_2026_new PARTITION OF public.jobs_2026 FOR VALUES IN ('new');
