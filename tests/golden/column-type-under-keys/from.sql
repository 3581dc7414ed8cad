CREATE TABLE t (
  id int PRIMARY KEY,
  email text UNIQUE,
  day timestamp UNIQUE,
  code varchar(10),
  at timestamptz,
  number int UNIQUE,
  price numeric(10,2) UNIQUE
);
CREATE UNIQUE INDEX t_code ON t (lower(code));
CREATE INDEX t_at ON t (at);
