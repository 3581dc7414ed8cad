CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE INDEX i ON users (name);
CREATE TYPE mood AS ENUM ('ok');
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
COMMENT ON TABLE users IS 'people''s names';
COMMENT ON COLUMN users.name IS 'in full';
COMMENT ON CONSTRAINT users_pkey ON users IS 'key';
COMMENT ON INDEX i IS 'find';
COMMENT ON TYPE mood IS 'how';
COMMENT ON FUNCTION f() IS 'none';
COMMENT ON SCHEMA public IS 'ours';
