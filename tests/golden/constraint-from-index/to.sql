CREATE TABLE users (id int NOT NULL PRIMARY KEY, email text, name text, "Login name" text, place int, UNIQUE (email) INCLUDE (name));
ALTER TABLE users ADD CONSTRAINT users_login UNIQUE ("Login name", name) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE users ADD CONSTRAINT users_place UNIQUE (place);
ALTER TABLE users ADD CONSTRAINT users_name UNIQUE (name);
CREATE TABLE posts (
  id bigint PRIMARY KEY,
  author int REFERENCES users (id),
  email text REFERENCES users (email)
);
