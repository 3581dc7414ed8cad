-- migrate:up

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT light;

DROP FUNCTION public.weight(public.t);

-- DATA LOSS: its rows are gone; rolling back does not undo that.
DROP TABLE public.t;

CREATE TABLE public.t (
  id   integer,
  note text
) PARTITION BY RANGE (id);

CREATE OR REPLACE FUNCTION public.weight(public.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1.note)';

ALTER TABLE public.t
  ADD CONSTRAINT light CHECK (public.weight(t.*) < 100);
