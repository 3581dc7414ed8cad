-- migrate:down

ALTER TYPE public.mood RENAME TO mood_before;

CREATE TYPE public.mood AS ENUM (
  'sad',
  'happy'
);

DROP TYPE public.mood_before;
