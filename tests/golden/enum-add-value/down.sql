-- migrate:down

ALTER TYPE public.mood RENAME TO mood__pgdelta_replaced;

CREATE TYPE public.mood AS ENUM (
  'sad',
  'happy'
);

DROP TYPE public.mood__pgdelta_replaced;
