CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE TABLE cats (id int PRIMARY KEY, mail ext.citext, m2 ext.citext);
CREATE FUNCTION ch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
