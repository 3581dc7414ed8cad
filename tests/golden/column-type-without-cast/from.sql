CREATE TABLE t (a jsonb, b boolean DEFAULT true);
