-- migrate:up

-- LOCK: reads and writes of public.note wait until the migration is committed.
DROP POLICY visible ON public.note;

-- DATA LOSS: its rows are gone; rolling back does not undo that.
DROP TABLE public.note;

CREATE TABLE public.note (
  id         bigint  NOT NULL,
  c0         jsonb   NOT NULL,
  c0_missing boolean GENERATED ALWAYS AS (c0 IS NULL) STORED
) PARTITION BY RANGE (id);

CREATE TABLE public.note_0 PARTITION OF public.note FOR VALUES FROM ('0') TO ('1000');

ALTER TABLE public.note
  ADD CONSTRAINT note_pkey PRIMARY KEY (id);
