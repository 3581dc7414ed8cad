-- migrate:up phase:expand change:split_name
-- Everything behind the first space is the last name, so that the two together are the full name again, whatever it is.
CREATE FUNCTION first_name_of(full_name TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(full_name, ' ', 1)
$$;

CREATE FUNCTION last_name_of(full_name TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END
$$;

-- No defaults: a row that the old release inserts has to be told from one of the new release.
ALTER TABLE users ADD COLUMN first_name TEXT, ADD COLUMN last_name TEXT;

CREATE FUNCTION users_split_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    new_release_wrote BOOLEAN := CASE TG_OP
        WHEN 'INSERT' THEN (NEW.first_name, NEW.last_name) IS DISTINCT FROM (NULL::TEXT, NULL::TEXT)
        ELSE (NEW.first_name, NEW.last_name) IS DISTINCT FROM (OLD.first_name, OLD.last_name)
    END;
BEGIN
    IF new_release_wrote THEN
        -- The new release changed one of the names of a row that is not filled yet: the other comes from the old name.
        IF TG_OP = 'UPDATE' AND OLD.first_name IS NULL THEN
            NEW.first_name := coalesce(NEW.first_name, first_name_of(OLD.full_name));
            NEW.last_name := coalesce(NEW.last_name, last_name_of(OLD.full_name));
        END IF;
        NEW.full_name := NEW.first_name || coalesce(' ' || NEW.last_name, '');
    ELSIF TG_OP = 'INSERT' OR OLD.first_name IS NULL OR NEW.full_name IS DISTINCT FROM OLD.full_name THEN
        NEW.first_name := first_name_of(NEW.full_name);
        NEW.last_name := last_name_of(NEW.full_name);
    END IF;
    RETURN NEW;
END
$$;

-- Triggers fire in the order of their names, and this one has to be the last.
CREATE TRIGGER "~users_split_name" BEFORE INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION users_split_name();

-- NOT VALID: they hold for what is written from now on. Rows that are there are proven in 004.
ALTER TABLE users
    ADD CONSTRAINT users_names_agree CHECK (full_name = first_name || coalesce(' ' || last_name, '')) NOT VALID,
    ADD CONSTRAINT users_first_name_present CHECK (first_name IS NOT NULL) NOT VALID;

-- migrate:down
DROP TRIGGER "~users_split_name" ON users;
DROP FUNCTION users_split_name();
ALTER TABLE users
    DROP CONSTRAINT users_names_agree,
    DROP CONSTRAINT users_first_name_present,
    DROP COLUMN first_name,
    DROP COLUMN last_name;
DROP FUNCTION last_name_of(TEXT);
DROP FUNCTION first_name_of(TEXT);
