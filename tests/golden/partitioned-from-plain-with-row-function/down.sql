-- migrate:down

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT light;

DROP FUNCTION public.weight(public.t);

-- DATA LOSS: the rows of partitions that are not named here are gone.
DROP TABLE public.t;

CREATE TABLE public.t (
  id   integer,
  note text
);

CREATE OR REPLACE FUNCTION public.weight(public.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1.note)';

ALTER TABLE public.t
  ADD CONSTRAINT light CHECK (public.weight(t.*) < 100);
