-- migrate:up

CREATE TABLE public.users (
  id   integer NOT NULL,
  name text    NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id)
);
