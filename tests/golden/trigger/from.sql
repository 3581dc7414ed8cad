CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
