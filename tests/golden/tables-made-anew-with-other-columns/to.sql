CREATE TABLE total (amount int, doubled int GENERATED ALWAYS AS (amount * 2) STORED);
CREATE TABLE entry (id bigint NOT NULL, amount int NOT NULL CHECK (amount > 0)) INHERITS (total);
CREATE TABLE day (
  number bigint NOT NULL PRIMARY KEY,
  kind int NOT NULL,
  note text NOT NULL DEFAULT '',
  place int GENERATED ALWAYS AS IDENTITY
) PARTITION BY RANGE (number);
CREATE TABLE day_0 PARTITION OF day FOR VALUES FROM (0) TO (1000);
