-- migrate:down

COMMENT ON CONSTRAINT p1_pkey ON public.p1 IS NULL;

COMMENT ON CONSTRAINT refers ON public.p1 IS NULL;

-- LOCK: reads and writes of public.p, public.p1 wait until the migration is committed.
ALTER TABLE public.p
  DROP CONSTRAINT p_pkey;

ALTER TABLE public.p
  ALTER COLUMN d DROP NOT NULL;

COMMENT ON CONSTRAINT few ON public.p1 IS 'as in p';

COMMENT ON TRIGGER touched ON public.p1 IS 'of p';
