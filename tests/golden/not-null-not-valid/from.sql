CREATE TABLE users (id int PRIMARY KEY, phone text, "E mail" text, city text NOT NULL, street text, zip text);
ALTER TABLE users ADD CONSTRAINT has_email NOT NULL "E mail" NOT VALID;
ALTER TABLE users ADD CONSTRAINT has_street NOT NULL street NOT VALID;
ALTER TABLE users ADD CONSTRAINT has_zip NOT NULL zip NOT VALID;
