CREATE TABLE readings (id bigint PRIMARY KEY WITH (fillfactor = 70), code text UNIQUE, day date, CONSTRAINT one_a_day UNIQUE (day) WITH (fillfactor = 90, deduplicate_items = off));
CREATE TABLE old (id int);
