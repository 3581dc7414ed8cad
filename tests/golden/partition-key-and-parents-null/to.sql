CREATE TABLE events (id int, kind text, note text) PARTITION BY LIST (kind);
CREATE TABLE events_a PARTITION OF events (
    CONSTRAINT events_a_key PRIMARY KEY (kind, id)
) FOR VALUES IN ('a');
