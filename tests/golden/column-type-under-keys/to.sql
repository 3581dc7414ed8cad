CREATE TABLE t (
  id bigint PRIMARY KEY,
  email int UNIQUE,
  day date UNIQUE,
  code varchar(5),
  at date,
  number text UNIQUE,
  price int UNIQUE
);
CREATE UNIQUE INDEX t_code ON t (lower(code));
CREATE INDEX t_at ON t (at);
