-- migrate:up

ALTER DOMAIN public.feeling
  RENAME TO feeling_before;

ALTER DOMAIN public.known_feeling
  RENAME TO known_feeling_before;

ALTER TYPE public.mood RENAME TO mood_before;

-- LOCK: reads and writes of public.feelings wait until the migration is committed.
DROP VIEW public.feelings;

-- LOCK: reads and writes of public.people wait until the migration is committed.
ALTER TABLE public.people
  ALTER COLUMN all_of_them DROP DEFAULT;

ALTER TABLE public.people
  ALTER COLUMN known DROP DEFAULT;

ALTER TABLE public.people
  ALTER COLUMN mood DROP DEFAULT;

DROP DOMAIN public.unused;

CREATE TYPE public.mood AS ENUM (
  'sad',
  'ok'
);

CREATE DOMAIN public.feeling AS public.mood
  DEFAULT 'ok'::public.mood CONSTRAINT feeling_not_null
  NOT NULL;

CREATE DOMAIN public.known_feeling AS public.feeling
  DEFAULT 'ok'::public.mood CONSTRAINT not_sad
  CHECK (VALUE::public.mood <> 'sad'::public.mood);

CREATE DOMAIN public.unused AS public.known_feeling
  DEFAULT 'ok'::public.mood;

-- ROWS: fails if a row still uses the removed value.
-- REWRITE: every row of public.people is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.people
  ALTER COLUMN all_of_them TYPE public.feeling[] USING all_of_them::text::public.feeling[],
  ALTER COLUMN feeling TYPE public.feeling USING feeling::text::public.feeling,
  ALTER COLUMN known TYPE public.known_feeling USING known::text::public.known_feeling,
  ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

DROP DOMAIN public.known_feeling_before;

DROP DOMAIN public.feeling_before;

DROP TYPE public.mood_before;

ALTER TABLE public.people
  ALTER COLUMN all_of_them SET DEFAULT '{ok}'::public.feeling[];

ALTER TABLE public.people
  ALTER COLUMN known SET DEFAULT 'ok'::public.mood;

ALTER TABLE public.people
  ALTER COLUMN mood SET DEFAULT 'ok'::public.mood;

create view public.feelings as select known, feeling from public.people;
