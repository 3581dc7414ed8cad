CREATE TABLE parents (id date PRIMARY KEY);
CREATE TABLE children (parent_id date REFERENCES parents);
