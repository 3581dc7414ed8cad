-- What the new release does: it knows first_name and last_name, and nothing of full_name.
INSERT INTO users (email, first_name, last_name) VALUES ('new-' || gen_random_uuid() || '@example.com', 'Mary Jane', 'Watson');
UPDATE users SET last_name = 'Lovelace' WHERE id = (SELECT 1 + floor(random() * 100000)::BIGINT);
UPDATE users SET first_name = 'Augusta Ada' WHERE id = (SELECT 1 + floor(random() * 100000)::BIGINT);
DELETE FROM users WHERE id = (SELECT 1 + floor(random() * 100000)::BIGINT);
