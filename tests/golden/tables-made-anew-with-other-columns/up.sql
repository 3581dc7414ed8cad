-- migrate:up

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.day wait until the migration is committed.
DROP TABLE public.day;

-- DATA LOSS: its rows are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.entry wait until the migration is committed.
DROP TABLE public.entry;

CREATE TABLE public.day (
  number bigint  NOT NULL,
  kind   integer NOT NULL,
  note   text    NOT NULL,
  place  integer GENERATED ALWAYS AS IDENTITY NOT NULL
) PARTITION BY RANGE (number);

CREATE TABLE public.day_0 PARTITION OF public.day FOR VALUES FROM ('0') TO ('1000');

CREATE TABLE public.entry (
  amount integer NOT NULL
) INHERITS (public.total);

ALTER TABLE public.entry
  ADD COLUMN id bigint NOT NULL;

ALTER TABLE public.day
  ALTER COLUMN note SET DEFAULT ''::text;

ALTER TABLE public.day
  ADD CONSTRAINT day_pkey PRIMARY KEY (number);

ALTER TABLE public.entry
  ADD CONSTRAINT entry_amount_check CHECK (amount > 0);
