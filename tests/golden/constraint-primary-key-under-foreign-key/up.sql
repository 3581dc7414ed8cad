-- migrate:up

-- LOCK: reads and writes of public.a wait until the migration is committed.
ALTER TABLE public.a
  DROP CONSTRAINT a_code_key;

-- LOCK: reads and writes of public.a, public.b wait until the migration is committed.
ALTER TABLE public.b
  DROP CONSTRAINT b_a;

ALTER TABLE public.a
  DROP CONSTRAINT a_pk;

-- ROWS: fails if two share a key, or one has none.
-- SCAN: every row of public.a is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.a
  ADD CONSTRAINT a_pk PRIMARY KEY (code);

-- ROWS: fails if one refers to what is not there.
-- SCAN: every row of public.b is read under the lock.
-- ONLINE: --online writes it so that nobody waits.
ALTER TABLE public.b
  ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES public.a(code);
