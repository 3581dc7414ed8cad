-- What every function of the write side returns.
CREATE TYPE mutation_result AS (
    status TEXT,
    message TEXT,
    data JSONB
);
