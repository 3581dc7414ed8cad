-- migrate:up phase:contract change:split_name after:003,004
DROP TRIGGER "~users_split_name" ON users;
DROP FUNCTION users_split_name();
-- SET NOT NULL reads no row: the constraint has proven it.
ALTER TABLE users ALTER COLUMN first_name SET NOT NULL;
-- users_names_agree goes with the column.
ALTER TABLE users DROP CONSTRAINT users_first_name_present, DROP COLUMN full_name;
DROP FUNCTION last_name_of(TEXT);
DROP FUNCTION first_name_of(TEXT);

-- migrate:down
-- The old name is made of the new ones by one UPDATE. For a table that is too large for that, write an expand and a
-- backfill instead of this.
ALTER TABLE users ADD COLUMN full_name TEXT;
UPDATE users SET full_name = first_name || coalesce(' ' || last_name, '');
ALTER TABLE users
    ALTER COLUMN full_name SET NOT NULL,
    ALTER COLUMN first_name DROP NOT NULL,
    ADD CONSTRAINT users_names_agree CHECK (full_name = first_name || coalesce(' ' || last_name, '')),
    ADD CONSTRAINT users_first_name_present CHECK (first_name IS NOT NULL);

CREATE FUNCTION first_name_of(full_name TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(full_name, ' ', 1)
$$;

CREATE FUNCTION last_name_of(full_name TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END
$$;

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
