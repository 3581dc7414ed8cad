CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE posts (author int REFERENCES users NOT ENFORCED, stars int CHECK (stars > 0) NOT ENFORCED);
