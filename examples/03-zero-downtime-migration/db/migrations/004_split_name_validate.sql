-- migrate:up transaction:false change:split_name after:003
-- Reads every row, and keeps nobody from reading or writing meanwhile.
ALTER TABLE users VALIDATE CONSTRAINT users_names_agree;
ALTER TABLE users VALIDATE CONSTRAINT users_first_name_present;

-- migrate:down
ALTER TABLE users
    DROP CONSTRAINT users_names_agree,
    DROP CONSTRAINT users_first_name_present,
    ADD CONSTRAINT users_names_agree CHECK (full_name = first_name || coalesce(' ' || last_name, '')) NOT VALID,
    ADD CONSTRAINT users_first_name_present CHECK (first_name IS NOT NULL) NOT VALID;
