CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE FUNCTION me() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_user::text $$;
CREATE POLICY own ON users USING (name = me());
