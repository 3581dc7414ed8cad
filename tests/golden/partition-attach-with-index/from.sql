CREATE TABLE t (id int, day date) PARTITION BY RANGE (day);
CREATE INDEX t_id ON t (id);
CREATE TABLE t_2024 (id int, day date);
CREATE INDEX own_id ON t_2024 (id);
