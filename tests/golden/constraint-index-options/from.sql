CREATE TABLE readings (id bigint PRIMARY KEY, code text UNIQUE WITH (fillfactor = 80), day date, CONSTRAINT one_a_day UNIQUE (day));
CREATE TABLE old (id int PRIMARY KEY WITH (fillfactor = 60));
