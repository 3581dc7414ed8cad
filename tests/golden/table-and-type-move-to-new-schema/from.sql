CREATE TYPE status AS ENUM ('open');
CREATE TABLE hours (id serial PRIMARY KEY, status status NOT NULL);
