-- migrate:up

-- DATA LOSS: the rows of partitions that are not named here are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.note wait until the migration is committed.
DROP TABLE public.note;

CREATE TABLE public.note (
  id bigint NOT NULL,
  c0 jsonb,
  CONSTRAINT note_pkey PRIMARY KEY (id)
);
