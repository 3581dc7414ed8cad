CREATE TABLE users (
  id int PRIMARY KEY,
  name text NOT NULL
);
CREATE FUNCTION me() RETURNS varchar LANGUAGE sql STABLE AS $$ SELECT current_user::varchar $$;
CREATE POLICY own ON users USING (name = me());
