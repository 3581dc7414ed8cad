-- What the old release does: it knows full_name and nothing of the columns to come.
INSERT INTO users (email, full_name) VALUES ('old-' || gen_random_uuid() || '@example.com', 'Mary Jane Watson');
UPDATE users SET full_name = 'Grace Brewster Hopper' WHERE id = (SELECT 1 + floor(random() * 100000)::BIGINT);
DELETE FROM users WHERE id = (SELECT 1 + floor(random() * 100000)::BIGINT);
