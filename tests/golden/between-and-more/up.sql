-- migrate:up

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD CONSTRAINT t_check1 CHECK ((b < 3 OR b > 5)::boolean OR a > 0);

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t
  ADD CONSTRAINT t_check CHECK ((a >= 0 AND a <= 10)::boolean AND b > 0);

CREATE VIEW public.v AS SELECT a FROM public.t WHERE a BETWEEN 0 AND 5 AND b > 0;

-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX t_a ON public.t (a)
  WHERE (a IS DISTINCT FROM 1 OR b IS DISTINCT FROM 2)::boolean OR b > 0;

CREATE POLICY p ON public.t USING (a BETWEEN 0 AND 5 AND b > 0);
