-- migrate:up phase:expand change:split_name

-- LOCK: reads and writes of public.users wait until the migration is committed.
ALTER TABLE public.users
  ADD COLUMN first_name text;

ALTER TABLE public.users
  ADD COLUMN last_name text;

CREATE FUNCTION public.users_full_name_to_first_name_last_name()
  RETURNS trigger
  LANGUAGE plpgsql
  AS $sync$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.first_name IS NULL AND NEW.last_name IS NULL THEN
      NEW.first_name := split_part(NEW.full_name, ' ', 1);
      NEW.last_name := CASE WHEN strpos(NEW.full_name, ' ') > 0 THEN substr(NEW.full_name, strpos(NEW.full_name, ' ') + 1) END;
    ELSE
      NEW.full_name := NEW.first_name || coalesce(' ' || NEW.last_name, '');
    END IF;
    RETURN NEW;
  END IF;
  -- Not filled yet: first as if it had been, then what the statement changes.
  IF OLD.first_name IS NULL THEN
    OLD.first_name := split_part(OLD.full_name, ' ', 1);
    OLD.last_name := CASE WHEN strpos(OLD.full_name, ' ') > 0 THEN substr(OLD.full_name, strpos(OLD.full_name, ' ') + 1) END;
    NEW.first_name := coalesce(NEW.first_name, OLD.first_name);
    NEW.last_name := coalesce(NEW.last_name, OLD.last_name);
  END IF;
  IF NEW.first_name IS DISTINCT FROM OLD.first_name OR NEW.last_name IS DISTINCT FROM OLD.last_name THEN
    NEW.full_name := NEW.first_name || coalesce(' ' || NEW.last_name, '');
  ELSIF NEW.full_name IS DISTINCT FROM OLD.full_name THEN
    NEW.first_name := split_part(NEW.full_name, ' ', 1);
    NEW.last_name := CASE WHEN strpos(NEW.full_name, ' ') > 0 THEN substr(NEW.full_name, strpos(NEW.full_name, ' ') + 1) END;
  END IF;
  RETURN NEW;
END
$sync$;

CREATE TRIGGER "~users_full_name_to_first_name_last_name"
  BEFORE INSERT OR UPDATE ON public.users
  FOR EACH ROW
  EXECUTE FUNCTION public.users_full_name_to_first_name_last_name();

ALTER TABLE public.users
  ADD CONSTRAINT first_name_last_name_agrees CHECK (full_name IS
    NOT DISTINCT FROM (first_name || coalesce(' ' || last_name, ''))) NOT VALID;

ALTER TABLE public.users
  ADD CONSTRAINT first_name_has_no_null CHECK (first_name IS NOT NULL) NOT VALID;

-- migrate:down

DROP TRIGGER "~users_full_name_to_first_name_last_name" ON public.users;

DROP FUNCTION public.users_full_name_to_first_name_last_name();

ALTER TABLE public.users
  DROP COLUMN first_name;

ALTER TABLE public.users
  DROP COLUMN last_name;
