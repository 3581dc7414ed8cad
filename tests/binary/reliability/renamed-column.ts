/** The migrations of a rename in steps, as `migrate generate --online --rename public.users.name=full_name` writes them. */
export const CHANGE = "full_name";

/** What the fill's session has changed, a line for each row, where that is to be counted. */
const NOTED = `
CREATE TABLE noted (id bigint NOT NULL);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN IF current_setting('application_name') LIKE 'confiture%' THEN INSERT INTO noted VALUES (NEW.id); END IF; RETURN NULL; END $$;
CREATE TRIGGER note AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();
`;

const SYNC = `CREATE FUNCTION users_name_to_full_name() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.full_name IS NULL THEN
      NEW.full_name := NEW.name;
    ELSE
      NEW.name := NEW.full_name;
    END IF;
    RETURN NEW;
  END IF;
  -- Not filled yet: first as if it had been, then what the statement changes.
  IF OLD.full_name IS NULL THEN
    OLD.full_name := OLD.name;
    NEW.full_name := coalesce(NEW.full_name, OLD.full_name);
  END IF;
  IF NEW.full_name IS DISTINCT FROM OLD.full_name THEN
    NEW.name := NEW.full_name;
  ELSIF NEW.name IS DISTINCT FROM OLD.name THEN
    NEW.full_name := NEW.name;
  END IF;
  RETURN NEW;
END
$sync$;
CREATE TRIGGER "~users_name_to_full_name" BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_name_to_full_name();
`;

export interface RenamedColumn {
  readonly rows: number;
  /** Options of the fill. */
  readonly fill?: string;
  /** Whether each row that the fill changes is noted. */
  readonly noted?: boolean;
  /** Where the table is. */
  readonly tablespace?: string;
}

/** The first migration makes the table, the others are the four steps. */
export function renamedColumn({ rows, fill = "", noted = false, tablespace }: RenamedColumn): Record<string, string> {
  return {
    "db/migrations/001_users.sql": `CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email text, visits int NOT NULL DEFAULT 0)${
      tablespace === undefined ? "" : ` TABLESPACE ${tablespace}`
    };
INSERT INTO users SELECT g, 'Wilhelmina Featherstone ' || g, 'person' || g || '@corp.example' FROM generate_series(1, ${rows}) AS g;
${noted ? NOTED : ""}`,
    [`db/migrations/002_${CHANGE}.sql`]: `-- migrate:up phase:expand change:${CHANGE}
ALTER TABLE users ADD COLUMN full_name text;
${SYNC}
ALTER TABLE users ADD CONSTRAINT full_name_agrees CHECK (name IS NOT DISTINCT FROM full_name) NOT VALID;
ALTER TABLE users ADD CONSTRAINT full_name_has_no_null CHECK (full_name IS NOT NULL) NOT VALID;
-- migrate:down
DROP TRIGGER "~users_name_to_full_name" ON users;
DROP FUNCTION users_name_to_full_name();
ALTER TABLE users DROP COLUMN full_name;
`,
    [`db/migrations/003_${CHANGE}_fill.sql`]: `-- migrate:up backfill:public.users change:${CHANGE}${noted ? " triggers:on" : ""} ${fill}
UPDATE users SET full_name = name WHERE full_name IS NULL;
-- migrate:down
-- Nothing to undo.
`,
    [`db/migrations/004_${CHANGE}_validate.sql`]: `-- migrate:up transaction:false change:${CHANGE}
ALTER TABLE users VALIDATE CONSTRAINT full_name_agrees;
ALTER TABLE users VALIDATE CONSTRAINT full_name_has_no_null;
-- migrate:down
ALTER TABLE users DROP CONSTRAINT full_name_agrees;
ALTER TABLE users ADD CONSTRAINT full_name_agrees CHECK (name IS NOT DISTINCT FROM full_name) NOT VALID;
ALTER TABLE users DROP CONSTRAINT full_name_has_no_null;
ALTER TABLE users ADD CONSTRAINT full_name_has_no_null CHECK (full_name IS NOT NULL) NOT VALID;
`,
    [`db/migrations/005_${CHANGE}_contract.sql`]: `-- migrate:up phase:contract change:${CHANGE}
DROP TRIGGER "~users_name_to_full_name" ON users;
DROP FUNCTION users_name_to_full_name();
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT full_name_has_no_null;
ALTER TABLE users DROP CONSTRAINT full_name_agrees;
ALTER TABLE users DROP COLUMN name;
-- migrate:down
ALTER TABLE users ALTER COLUMN full_name DROP NOT NULL;
ALTER TABLE users ADD COLUMN name text;
UPDATE users SET name = full_name;
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
ALTER TABLE users ADD CONSTRAINT full_name_agrees CHECK (name IS NOT DISTINCT FROM full_name);
ALTER TABLE users ADD CONSTRAINT full_name_has_no_null CHECK (full_name IS NOT NULL);
${SYNC}`,
  };
}
