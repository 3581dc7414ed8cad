CREATE TABLE t (
  status varchar(10) CHECK (status IN ('new', 'it''s [done]')),
  kind varchar(10) DEFAULT 'a' CHECK (kind NOT IN ('x', 'y'))
);
CREATE INDEX t_open ON t (kind) WHERE status IN ('new', 'open');
CREATE VIEW v AS SELECT kind FROM t WHERE status IN ('new', 'open');
CREATE POLICY p ON t USING (status IN ('new', 'open'));
