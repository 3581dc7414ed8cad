CREATE TABLE events (id int, kind text NOT NULL, note text NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE events_a PARTITION OF events (
    CONSTRAINT events_a_key PRIMARY KEY (kind, id)
) FOR VALUES IN ('a');
