CREATE TABLE note (
  id bigint PRIMARY KEY,
  c0 jsonb
);
