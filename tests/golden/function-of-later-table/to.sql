SET check_function_bodies = off;
CREATE FUNCTION count_users() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM users $$;
CREATE TABLE users (id int, total bigint DEFAULT count_users());
