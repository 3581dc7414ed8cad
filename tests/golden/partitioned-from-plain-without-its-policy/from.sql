CREATE TABLE note (id bigint NOT NULL PRIMARY KEY, c0 bigint);
CREATE POLICY visible ON note FOR SELECT USING (id > 0);
