-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.note, public.note_0 wait until the migration is committed.
DROP TABLE public.note;

CREATE TABLE public.note (
  id bigint NOT NULL,
  c0 bigint,
  CONSTRAINT note_pkey PRIMARY KEY (id)
);

CREATE POLICY visible ON public.note
  FOR SELECT
  TO PUBLIC
  USING (id > 0);
