-- migrate:up

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD CONSTRAINT t_kind_check
    CHECK (kind::text <> ALL (ARRAY['x'::character varying, 'y'::character varying]));

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t
  ADD CONSTRAINT t_status_check
    CHECK (status::text = ANY (ARRAY['new'::character varying, 'it''s [done]'::character varying]));

CREATE VIEW public.v AS SELECT kind FROM public.t WHERE status IN ('new', 'open');

-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
CREATE INDEX t_open ON public.t (kind)
  WHERE status::text = ANY (ARRAY['new'::character varying, 'open'::character varying]);

CREATE POLICY p ON public.t USING (status IN ('new', 'open'));
