CREATE TABLE people (
  id int CONSTRAINT users_pkey PRIMARY KEY,
  name text NOT NULL
);
