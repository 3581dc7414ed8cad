CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE INDEX i ON users (name);
CREATE TYPE mood AS ENUM ('ok');
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
