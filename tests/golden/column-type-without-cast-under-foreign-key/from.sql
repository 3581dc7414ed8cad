CREATE TABLE parents (id bigint PRIMARY KEY);
CREATE TABLE children (parent_id bigint REFERENCES parents);
