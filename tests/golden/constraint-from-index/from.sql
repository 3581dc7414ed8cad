CREATE TABLE users (id int NOT NULL, email text, name text, "Login name" text, place int);
CREATE UNIQUE INDEX users_id ON users (id);
CREATE UNIQUE INDEX users_email_key ON users (email) INCLUDE (name) WITH (fillfactor = 70);
COMMENT ON INDEX users_email_key IS 'once each';
CREATE UNIQUE INDEX users_login ON users ("Login name", name);
-- These are other indexes than a key has.
CREATE UNIQUE INDEX users_place ON users (place DESC);
CREATE UNIQUE INDEX users_name ON users (name) WHERE id > 0;
CREATE TABLE posts (
  id bigint,
  author int REFERENCES users (id),
  email text REFERENCES users (email)
);
CREATE UNIQUE INDEX posts_id ON posts (id);
