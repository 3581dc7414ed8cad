-- migrate:up

CREATE DOMAIN app.feeling AS app.mood
  DEFAULT 'ok'::app.mood;

CREATE TABLE app.people (
  id      integer     NOT NULL,
  feeling app.feeling,
  CONSTRAINT people_pkey PRIMARY KEY (id)
);
