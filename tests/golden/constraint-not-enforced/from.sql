CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE posts (author int REFERENCES users, stars int CHECK (stars > 0));
