-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.note wait until the migration is committed.
DROP TABLE public.note;

CREATE TABLE public.note (
  id bigint NOT NULL,
  c0 date
) PARTITION BY RANGE (id);

ALTER TABLE public.note
  ADD CONSTRAINT note_pkey PRIMARY KEY (id);

COMMENT ON COLUMN public.note.c0 IS 'A date';

COMMENT ON CONSTRAINT note_pkey ON public.note IS 'Its key';

-- SECURITY: everybody who can connect gets this right.
GRANT SELECT (c0) ON TABLE public.note TO PUBLIC;
