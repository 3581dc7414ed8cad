CREATE SCHEMA billing;
CREATE TYPE billing.status AS ENUM ('open');
CREATE TABLE billing.hours (id serial PRIMARY KEY, status billing.status NOT NULL);
