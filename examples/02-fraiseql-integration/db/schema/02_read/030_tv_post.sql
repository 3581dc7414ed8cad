-- A table view: the documents of v_post, kept as rows, for queries that have to be fast.
CREATE TABLE tv_post (
    id UUID PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL,
    data JSONB NOT NULL
);

CREATE INDEX tv_post_data_idx ON tv_post USING gin (data jsonb_path_ops);
