-- migrate:down transaction:false

ALTER TYPE public.mood ADD VALUE 'sad' BEFORE 'ok';

ALTER DOMAIN public.good_mood
  DROP CONSTRAINT good_mood_check;

-- ROWS: fails if an existing row violates this.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: writes to public.t wait until it is done.
ALTER DOMAIN public.good_mood
  ADD CONSTRAINT good_mood_check CHECK (VALUE <> 'sad'::public.mood);
