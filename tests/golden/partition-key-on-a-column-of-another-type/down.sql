-- migrate:down

-- LOCK: reads and writes of public.events_2021_a, public.events_2021 wait until the migration is committed.
ALTER TABLE public.events_2021
  DETACH PARTITION public.events_2021_a;

-- DATA LOSS: the rows of partitions that are not named here are gone.
-- LOCK: reads and writes of public.events, public.events_2021 wait until the migration is committed.
DROP TABLE public.events_2021;

-- ROWS: fails if a text is too long for character varying(20); blanks at its end that do not fit are cut.
ALTER TABLE public.events
  ALTER COLUMN kind TYPE character varying(20);

CREATE TABLE public.events_2021 PARTITION OF public.events FOR VALUES FROM ('2021-01-01') TO
  ('2022-01-01') PARTITION BY RANGE (at);

-- ROWS: fails if a text is too long for character varying(20); blanks at its end that do not fit are cut.
-- REWRITE: every row of public.events_2021_a is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.events_2021_a
  ALTER COLUMN kind TYPE character varying(20);

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.events_2021_a is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.events_2021
  ATTACH PARTITION public.events_2021_a FOR VALUES FROM ('2021-01-01') TO ('2021-06-01');
