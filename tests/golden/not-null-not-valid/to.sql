CREATE TABLE users (id int PRIMARY KEY, phone text, "E mail" text NOT NULL, city text, street text, zip text);
ALTER TABLE users ADD CONSTRAINT zip_is_there NOT NULL zip NO INHERIT NOT VALID;
ALTER TABLE users ADD CONSTRAINT has_phone NOT NULL phone NOT VALID;
ALTER TABLE users ADD CONSTRAINT has_city NOT NULL city NOT VALID;
