-- migrate:down transaction:false

ALTER TYPE public.mood ADD VALUE 'sad' BEFORE 'ok';

-- LOCK: reads and writes of public.t wait for a moment.
ALTER TABLE public.t
  ALTER COLUMN m SET DEFAULT 'sad'::public.mood;

-- LOCK: reads and writes of public.v wait for a moment.
CREATE OR REPLACE VIEW public.v AS
 SELECT m
   FROM public.t
  WHERE m > 'sad'::public.mood;
