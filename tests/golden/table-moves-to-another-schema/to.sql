CREATE SCHEMA billing;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE billing.time_entries (
  id bigserial PRIMARY KEY,
  worker int NOT NULL REFERENCES users,
  amount numeric CHECK (amount > 0),
  paid boolean
);
CREATE INDEX ON billing.time_entries (worker);
CREATE VIEW total AS SELECT sum(amount) FROM billing.time_entries;
