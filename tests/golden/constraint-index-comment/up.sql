-- migrate:up

COMMENT ON INDEX public.t_pkey IS NULL;

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  DROP CONSTRAINT t_code_key;

-- DATA LOSS: its next number is gone; rolling back does not undo that.
ALTER TABLE public.t
  ALTER COLUMN n DROP IDENTITY;

CREATE TABLE public.rooms (
  room   integer,
  during tstzrange
);

ALTER TABLE public.t
  ALTER COLUMN n DROP NOT NULL;

ALTER TABLE public.rooms
  ADD CONSTRAINT rooms_during_excl EXCLUDE USING gist (during WITH &&);

COMMENT ON CONSTRAINT t_pkey ON public.t IS 'the key';

COMMENT ON SEQUENCE public.t_id_seq IS 'numbers of one''s own';

COMMENT ON INDEX public.rooms_during_excl IS 'one at a time';
