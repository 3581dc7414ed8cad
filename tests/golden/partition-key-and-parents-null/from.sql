CREATE TABLE events (id int, kind text NOT NULL, note text NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
CREATE UNIQUE INDEX events_a_key ON events_a (kind, id);
