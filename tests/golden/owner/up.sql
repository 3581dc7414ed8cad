-- migrate:up

-- LOCK: reads and writes of public.a wait until the migration is committed.
ALTER TABLE public.a
  OWNER TO CURRENT_USER;

-- SECURITY: clerk owns it from here on, and may do anything with it.
-- LOCK: reads and writes of public.b wait until the migration is committed.
ALTER TABLE public.b
  OWNER TO clerk;
