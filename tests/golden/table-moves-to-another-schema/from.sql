CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE hours (
  id bigserial PRIMARY KEY,
  worker int NOT NULL REFERENCES users,
  amount numeric CHECK (amount > 0)
);
CREATE INDEX ON hours (worker);
CREATE VIEW total AS SELECT sum(amount) FROM hours;
