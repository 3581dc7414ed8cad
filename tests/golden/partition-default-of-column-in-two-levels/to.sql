CREATE TABLE other (id int);
CREATE TABLE jars (id bigint NOT NULL, at date NOT NULL, state text NOT NULL DEFAULT 'new') PARTITION BY RANGE (at);
CREATE TABLE jars_1 (id bigint NOT NULL, at date NOT NULL, state text NOT NULL) PARTITION BY LIST (state);
CREATE TABLE jars_1_new (id bigint NOT NULL, at date NOT NULL, state text NOT NULL);
ALTER TABLE jars_1 ATTACH PARTITION jars_1_new FOR VALUES IN ('new');
ALTER TABLE jars ATTACH PARTITION jars_1 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
