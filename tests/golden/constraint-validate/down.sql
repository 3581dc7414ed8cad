-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT other;

ALTER DOMAIN public.label
  DROP CONSTRAINT short;

ALTER DOMAIN public.label
  ADD CONSTRAINT short CHECK (length(VALUE) < 9) NOT VALID;

ALTER TABLE public.t
  DROP CONSTRAINT c;

ALTER TABLE public.t
  ADD CONSTRAINT c CHECK (a > 0) NOT VALID;

-- LOCK: reads and writes of public.users, public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT f;

ALTER TABLE public.t
  ADD CONSTRAINT f FOREIGN KEY (u) REFERENCES public.users(id) NOT VALID;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.t
  ADD CONSTRAINT other CHECK (b > 0);
