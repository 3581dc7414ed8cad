CREATE TABLE accounts (name text);
