-- migrate:up

-- LOCK: reads and writes of public.events_2021, public.events_2021_a wait until the migration is committed.
ALTER TABLE public.events_2021
  DETACH PARTITION public.events_2021_a;

-- DATA LOSS: the rows of partitions that are not named here are gone; rolling back does not undo that.
-- LOCK: reads and writes of public.events, public.events_2021 wait until the migration is committed.
DROP TABLE public.events_2021;

ALTER TABLE public.events
  ALTER COLUMN kind TYPE text;

CREATE TABLE public.events_2021 PARTITION OF public.events FOR VALUES FROM ('2021-01-01') TO
  ('2022-01-01') PARTITION BY LIST (kind);

ALTER TABLE public.events_2021_a
  ALTER COLUMN kind TYPE text;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.events_2021_a is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.events_2021
  ATTACH PARTITION public.events_2021_a FOR VALUES IN ('a');
