import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { fingerprints } from "#compare/catalogue/fingerprint.ts";
import { watchRows } from "#compare/catalogue/written-rows.ts";
import { thereAndBack } from "#compare/runs/there-and-back.ts";
import type { Database } from "#database/database.ts";
import { verify } from "#compare/verify/verify.ts";
import { withScratch } from "#scratch/scratch.ts";
import { withDatabase } from "#database/open.ts";
import { Secret } from "#database/target.ts";
import { serverEngines } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { server } from "../../support/servers.ts";
import { filesOf } from "./project-files.ts";

// Hundreds of catalogues are read.
setDefaultTimeout(300_000);

const BASE = `
  CREATE ROLE reader; CREATE ROLE writer;
  ALTER ROLE writer SET work_mem = '2MB';
  CREATE SCHEMA app;
  CREATE TYPE app.mood AS ENUM ('ok', 'sad');
  CREATE TYPE app.pair AS (a int, b text);
  CREATE DOMAIN app.short AS text CHECK (length(VALUE) < 10);
  CREATE SEQUENCE app.counter;
  CREATE TABLE app.parents (id bigint PRIMARY KEY, name text NOT NULL, note text);
  CREATE TABLE app.children (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint CONSTRAINT of_parent REFERENCES app.parents,
    label text DEFAULT 'none', amount numeric CONSTRAINT positive CHECK (amount > 0), state app.mood, doubled numeric GENERATED ALWAYS AS (amount * 2) STORED
  );
  CREATE INDEX by_label ON app.children (label);
  CREATE TABLE app.days (day date NOT NULL) PARTITION BY RANGE (day);
  CREATE TABLE app.days_2020 PARTITION OF app.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
  CREATE INDEX by_day ON app.days (day);
  CREATE TEXT SEARCH DICTIONARY app.simple (TEMPLATE = simple);
  CREATE VIEW app.labels AS SELECT id, label FROM app.children;
  CREATE MATERIALIZED VIEW app.totals AS SELECT parent, sum(amount) AS total FROM app.children GROUP BY parent;
  CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
  CREATE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
  CREATE TRIGGER touched BEFORE UPDATE ON app.children FOR EACH ROW EXECUTE FUNCTION app.touch();
  ALTER TABLE app.children ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON app.children USING (label = current_user);
  CREATE RULE quiet AS ON DELETE TO app.parents DO INSTEAD NOTHING;
  CREATE PUBLICATION feed FOR TABLE app.parents;
  CREATE TABLE app.elders (id int); CREATE TABLE app.heirs (id int);
  COMMENT ON TABLE app.parents IS 'first';
  COMMENT ON COLUMN app.parents.name IS 'first';
  COMMENT ON CONSTRAINT positive ON app.children IS 'first';
  GRANT SELECT ON app.parents TO reader;`;

const WATCH = "CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'";

/** One change each, and the way back where there is one that a careful person would write. */
const EDITS: readonly (readonly [edit: string, undo?: string])[] = [
  ["CREATE TABLE app.more (id int)", "DROP TABLE app.more"],
  [
    "DROP TABLE app.days_2020",
    "CREATE TABLE app.days_2020 PARTITION OF app.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
  ],
  [
    "ALTER TABLE app.days DETACH PARTITION app.days_2020",
    "ALTER TABLE app.days ATTACH PARTITION app.days_2020 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
  ],
  ["ALTER TABLE app.parents ADD COLUMN born date", "ALTER TABLE app.parents DROP COLUMN born"],
  ["ALTER TABLE app.parents ADD COLUMN born date DEFAULT now()", "ALTER TABLE app.parents DROP COLUMN born"],
  ["ALTER TABLE app.parents DROP COLUMN note", "ALTER TABLE app.parents ADD COLUMN note text"],
  ["ALTER TABLE app.parents RENAME COLUMN name TO title", "ALTER TABLE app.parents RENAME COLUMN title TO name"],
  ["ALTER TABLE app.parents RENAME TO people", "ALTER TABLE app.people RENAME TO parents"],
  ["ALTER TABLE app.parents ALTER COLUMN note TYPE varchar(9)", "ALTER TABLE app.parents ALTER COLUMN note TYPE text"],
  ["ALTER TABLE app.parents ALTER COLUMN note SET NOT NULL", "ALTER TABLE app.parents ALTER COLUMN note DROP NOT NULL"],
  [
    "ALTER TABLE app.parents ALTER COLUMN note SET DEFAULT 'x'",
    "ALTER TABLE app.parents ALTER COLUMN note DROP DEFAULT",
  ],
  [
    "ALTER TABLE app.children ALTER COLUMN label SET DEFAULT 'some'",
    "ALTER TABLE app.children ALTER COLUMN label SET DEFAULT 'none'",
  ],
  [
    'ALTER TABLE app.parents ALTER COLUMN note TYPE text COLLATE "C"',
    "ALTER TABLE app.parents ALTER COLUMN note TYPE text",
  ],
  ["ALTER TABLE app.parents SET (fillfactor = 70)", "ALTER TABLE app.parents RESET (fillfactor)"],
  ["ALTER TABLE app.children SET UNLOGGED", "ALTER TABLE app.children SET LOGGED"],
  ["ALTER TABLE app.parents OWNER TO writer", "ALTER TABLE app.parents OWNER TO postgres"],
  ["ALTER TABLE app.parents REPLICA IDENTITY FULL", "ALTER TABLE app.parents REPLICA IDENTITY DEFAULT"],
  [
    "ALTER TABLE app.children ALTER COLUMN id SET GENERATED BY DEFAULT",
    "ALTER TABLE app.children ALTER COLUMN id SET GENERATED ALWAYS",
  ],
  [
    "ALTER TABLE app.children ALTER COLUMN id SET INCREMENT BY 2",
    "ALTER TABLE app.children ALTER COLUMN id SET INCREMENT BY 1",
  ],
  [
    "ALTER TABLE app.children ALTER COLUMN doubled SET EXPRESSION AS (amount * 3)",
    "ALTER TABLE app.children ALTER COLUMN doubled SET EXPRESSION AS (amount * 2)",
  ],
  [
    "ALTER TABLE app.children DROP CONSTRAINT of_parent",
    "ALTER TABLE app.children ADD CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES app.parents",
  ],
  [
    "ALTER TABLE app.children DROP CONSTRAINT of_parent, ADD CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES app.parents NOT VALID",
    "ALTER TABLE app.children VALIDATE CONSTRAINT of_parent",
  ],
  [
    "ALTER TABLE app.children ALTER CONSTRAINT of_parent DEFERRABLE",
    "ALTER TABLE app.children ALTER CONSTRAINT of_parent NOT DEFERRABLE",
  ],
  [
    "ALTER TABLE app.children RENAME CONSTRAINT of_parent TO of_mother",
    "ALTER TABLE app.children RENAME CONSTRAINT of_mother TO of_parent",
  ],
  ["ALTER TABLE app.children DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (amount > 1)"],
  [
    "COMMENT ON CONSTRAINT positive ON app.children IS 'second'",
    "COMMENT ON CONSTRAINT positive ON app.children IS NULL",
  ],
  ["ALTER TABLE app.children ADD UNIQUE (label)", "ALTER TABLE app.children DROP CONSTRAINT children_label_key"],
  ["DROP INDEX app.by_label", "CREATE INDEX by_label ON app.children (label)"],
  [
    "DROP INDEX app.by_label; CREATE INDEX by_label ON app.children (label DESC)",
    "DROP INDEX app.by_label; CREATE INDEX by_label ON app.children (label)",
  ],
  [
    "CREATE INDEX CONCURRENTLY by_state ON app.children (state) WHERE amount > 3",
    "DROP INDEX CONCURRENTLY app.by_state",
  ],
  ["ALTER SEQUENCE app.counter INCREMENT BY 5", "ALTER SEQUENCE app.counter INCREMENT BY 1"],
  ["ALTER SEQUENCE app.counter CACHE 7", "ALTER SEQUENCE app.counter CACHE 1"],
  ["ALTER SEQUENCE app.counter OWNED BY app.parents.id", "ALTER SEQUENCE app.counter OWNED BY NONE"],
  [
    "CREATE OR REPLACE VIEW app.labels AS SELECT id, label || '!' AS label FROM app.children",
    "CREATE OR REPLACE VIEW app.labels AS SELECT id, label FROM app.children",
  ],
  ["ALTER VIEW app.labels SET (security_barrier = true)", "ALTER VIEW app.labels RESET (security_barrier)"],
  [
    "DROP MATERIALIZED VIEW app.totals",
    "CREATE MATERIALIZED VIEW app.totals AS SELECT parent, sum(amount) AS total FROM app.children GROUP BY parent",
  ],
  [
    "CREATE OR REPLACE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n + n'",
    "CREATE OR REPLACE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'",
  ],
  ["ALTER FUNCTION app.twice(int) IMMUTABLE", "ALTER FUNCTION app.twice(int) VOLATILE"],
  ["ALTER FUNCTION app.twice(int) SET search_path = app", "ALTER FUNCTION app.twice(int) RESET search_path"],
  ["REVOKE EXECUTE ON FUNCTION app.twice(int) FROM PUBLIC", "GRANT EXECUTE ON FUNCTION app.twice(int) TO PUBLIC"],
  ["DROP FUNCTION app.twice(int)"],
  ["ALTER TABLE app.children DISABLE TRIGGER touched", "ALTER TABLE app.children ENABLE TRIGGER touched"],
  [
    "DROP TRIGGER touched ON app.children",
    "CREATE TRIGGER touched BEFORE UPDATE ON app.children FOR EACH ROW EXECUTE FUNCTION app.touch()",
  ],
  [
    "DROP TRIGGER touched ON app.children; CREATE TRIGGER touched BEFORE INSERT ON app.children FOR EACH ROW EXECUTE FUNCTION app.touch()",
  ],
  ["ALTER TABLE app.children FORCE ROW LEVEL SECURITY", "ALTER TABLE app.children NO FORCE ROW LEVEL SECURITY"],
  ["ALTER POLICY own ON app.children TO reader", "ALTER POLICY own ON app.children TO PUBLIC"],
  ["ALTER POLICY own ON app.children USING (true)", "ALTER POLICY own ON app.children USING (label = current_user)"],
  ["DROP POLICY own ON app.children", "CREATE POLICY own ON app.children USING (label = current_user)"],
  ["DROP RULE quiet ON app.parents"],
  ["ALTER TYPE app.mood ADD VALUE 'glad' BEFORE 'sad'"],
  ["ALTER TYPE app.mood RENAME VALUE 'ok' TO 'fine'", "ALTER TYPE app.mood RENAME VALUE 'fine' TO 'ok'"],
  ["ALTER TYPE app.pair ADD ATTRIBUTE c int", "ALTER TYPE app.pair DROP ATTRIBUTE c"],
  ["ALTER DOMAIN app.short SET DEFAULT 'x'", "ALTER DOMAIN app.short DROP DEFAULT"],
  ["ALTER DOMAIN app.short SET NOT NULL", "ALTER DOMAIN app.short DROP NOT NULL"],
  ["COMMENT ON TABLE app.parents IS 'second'", "COMMENT ON TABLE app.parents IS 'first'"],
  ["COMMENT ON COLUMN app.parents.name IS NULL", "COMMENT ON COLUMN app.parents.name IS 'first'"],
  ["COMMENT ON SCHEMA public IS 'mine'", "COMMENT ON SCHEMA public IS 'standard public schema'"],
  ["GRANT INSERT ON app.parents TO reader", "REVOKE INSERT ON app.parents FROM reader"],
  ["GRANT SELECT (name) ON app.parents TO writer", "REVOKE SELECT (name) ON app.parents FROM writer"],
  ["GRANT USAGE ON SCHEMA app TO reader", "REVOKE USAGE ON SCHEMA app FROM reader"],
  [
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM reader",
  ],
  ["ALTER PUBLICATION feed ADD TABLE app.days", "ALTER PUBLICATION feed DROP TABLE app.days"],
  [
    "ALTER PUBLICATION feed SET (publish = 'insert')",
    "ALTER PUBLICATION feed SET (publish = 'insert, update, delete, truncate')",
  ],
  ["CREATE EXTENSION pgcrypto", "DROP EXTENSION pgcrypto"],
  ["CREATE STATISTICS app.together ON id, name FROM app.parents", "DROP STATISTICS app.together"],
  ["CREATE SCHEMA other", "DROP SCHEMA other"],
  ["CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.watch()", "DROP EVENT TRIGGER watch"],
  ["GRANT reader TO writer", "REVOKE reader FROM writer"],
  // Kinds that are compared by name and definition only.
  ["ALTER TABLE app.parents DISABLE TRIGGER ALL", "ALTER TABLE app.parents ENABLE TRIGGER ALL"],
  [
    "ALTER TABLE app.parents ALTER note SET STORAGE external",
    "ALTER TABLE app.parents ALTER note SET STORAGE extended",
  ],
  [
    "ALTER TABLE app.parents ALTER note SET COMPRESSION pglz",
    "ALTER TABLE app.parents ALTER note SET COMPRESSION default",
  ],
  ["ALTER TABLE app.parents ALTER note SET STATISTICS 7", "ALTER TABLE app.parents ALTER note SET STATISTICS -1"],
  ["ALTER TABLE app.parents ALTER note SET (n_distinct = 3)", "ALTER TABLE app.parents ALTER note RESET (n_distinct)"],
  ["ALTER TABLE app.children CLUSTER ON by_label", "ALTER TABLE app.children SET WITHOUT CLUSTER"],
  ["CREATE CAST (app.mood AS int) WITH INOUT", "DROP CAST (app.mood AS int)"],
  ["CREATE OPERATOR app.<< (FUNCTION = int4lt, LEFTARG = int, RIGHTARG = int)", "DROP OPERATOR app.<< (int, int)"],
  ["CREATE TEXT SEARCH CONFIGURATION app.plain (COPY = simple)", "DROP TEXT SEARCH CONFIGURATION app.plain"],
  [
    "ALTER TABLE app.parents SET (toast.autovacuum_enabled = false)",
    "ALTER TABLE app.parents RESET (toast.autovacuum_enabled)",
  ],
  ["ALTER VIEW app.labels ALTER label SET DEFAULT 'x'", "ALTER VIEW app.labels ALTER label DROP DEFAULT"],
  ["COMMENT ON COLUMN app.labels.label IS 'x'", "COMMENT ON COLUMN app.labels.label IS NULL"],
  ["COMMENT ON INDEX app.parents_pkey IS 'x'", "COMMENT ON INDEX app.parents_pkey IS NULL"],
  ["COMMENT ON INDEX app.days_2020_day_idx IS 'x'", "COMMENT ON INDEX app.days_2020_day_idx IS NULL"],
  ["ALTER INDEX app.days_2020_day_idx SET (fillfactor = 70)", "ALTER INDEX app.days_2020_day_idx RESET (fillfactor)"],
  ["COMMENT ON SEQUENCE app.children_id_seq IS 'x'", "COMMENT ON SEQUENCE app.children_id_seq IS NULL"],
  [
    "ALTER TEXT SEARCH DICTIONARY app.simple OWNER TO writer",
    "ALTER TEXT SEARCH DICTIONARY app.simple OWNER TO postgres",
  ],
  ["ALTER TABLE app.heirs INHERIT app.elders", "ALTER TABLE app.heirs NO INHERIT app.elders"],
  [
    "ALTER TRIGGER touched ON app.children DEPENDS ON EXTENSION plpgsql",
    "ALTER TRIGGER touched ON app.children NO DEPENDS ON EXTENSION plpgsql",
  ],
  // The only row of its table.
  ["ALTER ROLE writer RESET work_mem", "ALTER ROLE writer SET work_mem = '2MB'"],
];

/** Ways back that make something of the same name, which is not the same. */
const WRONG: readonly (readonly [edit: string, undo: string])[] = [
  ["CREATE TABLE IF NOT EXISTS app.more (id int)", "SELECT 1"],
  ["CREATE TABLE app.more (id int)", "DROP TABLE app.more; CREATE SEQUENCE app.rest"],
  ["DROP INDEX app.by_label", "CREATE INDEX by_label ON app.children (label DESC)"],
  ["DROP INDEX app.by_label", "CREATE INDEX by_label ON app.children (amount)"],
  ["DROP INDEX app.by_label", "CREATE UNIQUE INDEX by_label ON app.children (label)"],
  ["DROP INDEX app.by_label", "CREATE INDEX by_label ON app.children (label); COMMENT ON INDEX app.by_label IS 'x'"],
  ["ALTER TABLE app.parents DROP COLUMN note", "ALTER TABLE app.parents ADD COLUMN note varchar"],
  ["ALTER TABLE app.parents DROP COLUMN note", "ALTER TABLE app.parents ADD COLUMN note text NOT NULL"],
  ["ALTER TABLE app.parents DROP COLUMN note", "ALTER TABLE app.parents ADD COLUMN note text DEFAULT ''"],
  ["ALTER TABLE app.parents DROP COLUMN IF EXISTS note", "ALTER TABLE app.parents ADD COLUMN IF NOT EXISTS notes text"],
  ["ALTER TABLE app.parents DROP COLUMN name", "ALTER TABLE app.parents ADD COLUMN name text NOT NULL"],
  [
    "ALTER TABLE app.parents DROP COLUMN name",
    "ALTER TABLE app.parents ADD COLUMN name text; COMMENT ON COLUMN app.parents.name IS 'first'",
  ],
  [
    "ALTER TABLE app.parents DROP COLUMN note, DROP COLUMN name",
    "ALTER TABLE app.parents ADD COLUMN note text, ADD COLUMN name text NOT NULL; COMMENT ON COLUMN app.parents.note IS 'first'",
  ],
  ["DROP VIEW app.labels", "CREATE VIEW app.labels AS SELECT id, label FROM app.children WHERE id > 0"],
  ["DROP VIEW app.labels", "CREATE VIEW app.labels AS SELECT parent AS id, label FROM app.children"],
  ["DROP FUNCTION app.twice", "CREATE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 3'"],
  ["DROP FUNCTION app.twice", "CREATE FUNCTION app.twice(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n * 2'"],
  ["DROP POLICY own ON app.children", "CREATE POLICY own ON app.children TO reader USING (label = current_user)"],
  ["DROP POLICY own ON app.children", "CREATE POLICY own ON app.children USING (true)"],
  [
    "ALTER TABLE app.children DROP CONSTRAINT of_parent",
    "ALTER TABLE app.children ADD CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES app.parents ON DELETE CASCADE",
  ],
  [
    "ALTER TABLE app.children DROP CONSTRAINT of_parent",
    "ALTER TABLE app.children ADD CONSTRAINT of_parent FOREIGN KEY (id) REFERENCES app.parents",
  ],
  [
    "ALTER TABLE app.children DROP CONSTRAINT positive",
    "ALTER TABLE app.children ADD CONSTRAINT positive CHECK (amount > 1); COMMENT ON CONSTRAINT positive ON app.children IS 'first'",
  ],
  [
    "ALTER TABLE app.children DROP CONSTRAINT positive",
    "ALTER TABLE app.children ADD CONSTRAINT positive CHECK (amount > 0)",
  ],
  [
    "DROP TRIGGER touched ON app.children",
    "CREATE TRIGGER touched AFTER UPDATE ON app.children FOR EACH ROW EXECUTE FUNCTION app.touch()",
  ],
  [
    "DROP TRIGGER touched ON app.children",
    "CREATE TRIGGER touched BEFORE UPDATE OF label ON app.children FOR EACH ROW EXECUTE FUNCTION app.touch()",
  ],
  ["DROP TABLE app.days_2020", "CREATE TABLE app.days_2020 (day date NOT NULL)"],
  [
    "DROP TABLE app.days_2020",
    "CREATE TABLE app.days_2020 PARTITION OF app.days FOR VALUES FROM ('2020-01-01') TO ('2020-12-31')",
  ],
  [
    "DROP TABLE app.elders; CREATE TABLE app.elders (id int)",
    "DROP TABLE app.elders; CREATE TABLE app.elders (id bigint)",
  ],
  ["REVOKE SELECT ON app.parents FROM reader", "GRANT SELECT ON app.parents TO writer"],
  ["REVOKE SELECT ON app.parents FROM reader", "GRANT SELECT (name) ON app.parents TO reader"],
  [
    "ALTER TABLE app.elders RENAME TO x; ALTER TABLE app.heirs RENAME TO elders; ALTER TABLE app.x RENAME TO heirs",
    "SELECT 1",
  ],
  [
    "ALTER TABLE app.children RENAME COLUMN label TO x; ALTER TABLE app.children RENAME COLUMN parent TO label",
    "ALTER TABLE app.children RENAME COLUMN label TO x2; ALTER TABLE app.children RENAME COLUMN x TO parent; ALTER TABLE app.children RENAME COLUMN x2 TO label",
  ],
  ["DROP PUBLICATION feed", "CREATE PUBLICATION feed FOR TABLE app.elders"],
  ["COMMENT ON TABLE app.parents IS 'second'", "COMMENT ON TABLE app.parents IS NULL"],
  ["ALTER TABLE app.children DISABLE ROW LEVEL SECURITY", "ALTER TABLE app.children FORCE ROW LEVEL SECURITY"],
  // Of a part of a transaction that was taken back, the counts tell as well.
  [
    "DO 'BEGIN DELETE FROM pg_description WHERE description = ''first''; BEGIN CREATE TABLE gone (); RAISE ''no''; EXCEPTION WHEN OTHERS THEN END; END'",
    "SELECT 1",
  ],
  [
    "DO 'BEGIN DROP TABLE IF EXISTS app.elders; BEGIN COMMENT ON TABLE app.heirs IS ''x''; RAISE ''no''; EXCEPTION WHEN OTHERS THEN END; END'",
    "SELECT 1",
  ],
];

/** So many edits share a full comparison. */
const TOGETHER = 8;

/** One statement after the other, each in a transaction of its own. */
async function run(database: Database, sql: string): Promise<void> {
  for (const statement of sql.split("; ")) await database.execute(statement);
}

describe("a fingerprint of the catalogue", () => {
  test("changes with every edit, and is the same only when a full comparison finds nothing", async () => {
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(BASE);
      await database.execute(WATCH);
      const fingerprint = await fingerprints(database);
      const unseen: string[] = [];
      const mistaken: string[] = [];
      let recognised = 0;
      let before = { print: await fingerprint(), catalogue: await readCatalogue(database) };
      for (const [edit, undo] of EDITS) {
        await run(database, edit);
        if ((await fingerprint()) === before.print) unseen.push(edit);
        if (undo !== undefined) await run(database, undo);
        const after = { print: await fingerprint(), catalogue: await readCatalogue(database) };
        const same = compareCatalogues(before.catalogue, after.catalogue).length === 0;
        if (after.print === before.print && !same) mistaken.push(edit);
        if (after.print === before.print) recognised++;
        before = after;
      }
      expect({ unseen, mistaken }).toEqual({ unseen: [], mistaken: [] });
      // What it is good for: most ways back need no full comparison.
      expect(recognised).toBeGreaterThan(EDITS.length / 2);
    });
  });

  test("is found the same after a way back in one transaction, and then a full comparison finds nothing", async () => {
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(BASE);
      await database.execute(WATCH);
      const watch = (await watchRows(database))!;
      const unrecognised: string[] = [];
      const mistaken: string[][] = [];
      let before = await readCatalogue(database);
      // What cannot run in a transaction is not tried like that.
      const undone = EDITS.filter(([edit, undo]) => undo !== undefined && !edit.includes("CONCURRENTLY"));
      for (let from = 0; from < undone.length; from += TOGETHER) {
        const recognised: string[] = [];
        for (const [up, down = ""] of undone.slice(from, from + TOGETHER)) {
          const trial = { up, down, clean: "reset all", record: "select 1" };
          if (await thereAndBack(database, watch, trial)) {
            recognised.push(up);
            await run(database, down);
          } else {
            await database.execute("rollback");
            unrecognised.push(up);
          }
        }
        const after = await readCatalogue(database);
        if (compareCatalogues(before, after).length > 0) mistaken.push(recognised);
        before = after;
      }
      expect(mistaken).toEqual([]);
      expect(unrecognised).toEqual([
        // It takes away what was there.
        "COMMENT ON CONSTRAINT positive ON app.children IS 'second'",
        // The same rights, in another order.
        "REVOKE EXECUTE ON FUNCTION app.twice(int) FROM PUBLIC",
      ]);
    });
  });

  test.each(["embedded", "server"] as const)("is not taken for the same after a wrong way back: %s", async (engine) => {
    await using project = await temporaryProject();
    const instance = engine === "embedded" ? undefined : await server(18);
    // Roles are the server's.
    const own = (sql: string): string => sql.replaceAll(/\b(reader|writer)\b/g, "wrong_way_$1");
    // A scratch database changes none of them.
    await instance?.sql("CREATE ROLE wrong_way_reader");
    await instance?.sql("CREATE ROLE wrong_way_writer");
    await instance?.sql("ALTER ROLE wrong_way_writer SET work_mem = '2MB'");
    await withScratch(
      { ...filesOf(project.dir), scratch: instance?.target("postgres") ?? { engine: "embedded" } },
      async (database) => {
        await database.execute(own(BASE));
        const watch = (await watchRows(database))!;
        const mistaken: string[] = [];
        for (const [up, down] of WRONG) {
          const trial = { up: own(up), down: own(down), clean: "reset all", record: "select 1" };
          if (await thereAndBack(database, watch, trial)) mistaken.push(`${up}; ${down}`);
          await database.execute("rollback");
        }
        expect(mistaken).toEqual([]);
      },
    );
    await instance?.sql("DROP ROLE wrong_way_reader, wrong_way_writer");
  });

  test("tells objects apart that have swapped their names", async () => {
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(
        "CREATE TABLE t (a int CONSTRAINT one CHECK (a > 0), CONSTRAINT two CHECK (a > 0)); COMMENT ON CONSTRAINT one ON t IS 'x'",
      );
      const fingerprint = await fingerprints(database);
      const before = await fingerprint();
      await run(
        database,
        "ALTER TABLE t RENAME CONSTRAINT one TO three; ALTER TABLE t RENAME CONSTRAINT two TO one; ALTER TABLE t RENAME CONSTRAINT three TO two",
      );
      expect(await fingerprint()).not.toBe(before);
    });
  });

  test("does not change with rows, maintenance, or a session that ends", async () => {
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(BASE);
      const fingerprint = await fingerprints(database);
      const before = await fingerprint();
      await database.execute("INSERT INTO app.parents SELECT n, 'x', repeat('y', 9000) FROM generate_series(1, 100) n");
      await run(
        database,
        "ANALYZE; VACUUM FULL app.parents; REINDEX TABLE app.parents; TRUNCATE app.children; SET search_path = app; DISCARD ALL",
      );
      expect(await fingerprint()).toBe(before);
    });
  });
});

describe.each(serverEngines)("on $name", ({ major }) => {
  test("tells a catalogue in which something was written, also where nobody counts", async () => {
    await using project = await temporaryProject();
    await withScratch(
      { ...filesOf(project.dir), scratch: (await server(major)).target("postgres") },
      async (database) => {
        const fingerprint = await fingerprints(database);
        await database.execute("CREATE TABLE t (a int)");
        const before = await fingerprint();
        expect(await fingerprint()).toBe(before);
        await run(database, "BEGIN; ALTER TABLE t ADD b int; ROLLBACK");
        expect(await fingerprint()).toBe(before);
        await database.execute("COMMENT ON TABLE t IS 'x'");
        const commented = await fingerprint();
        expect(commented).not.toBe(before);
        await run(database, "SET track_counts = off; COMMENT ON TABLE t IS 'y'; RESET track_counts");
        expect(await fingerprint(false)).not.toBe(commented);
      },
    );
  });

  test("a role that may create databases and nothing else takes fingerprints, too", async () => {
    const instance = await server(major);
    await instance.sql("DROP ROLE IF EXISTS fingerprinter");
    await instance.sql("CREATE ROLE fingerprinter LOGIN PASSWORD 'poor' CREATEDB");
    await using project = await temporaryProject({
      "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, email text);",
      "db/migrations/1_users.sql":
        "-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;\n",
      "db/migrations/2_email.sql":
        "-- migrate:up\nALTER TABLE users ADD email text;\n-- migrate:down\nALTER TABLE users RENAME email TO mail;\n",
    });
    const scratch = { ...instance.target("postgres"), user: "fingerprinter", password: new Secret("poor") };
    const { checks } = await verify({ ...filesOf(project.dir), scratch });
    expect(checks.map(({ outcome }) => outcome)).toEqual(["proven", "disproven", "disproven"]);
    expect(checks[1]?.findings.flatMap(({ changes = [] }) => changes)).toMatchObject([
      { change: "added", kind: "column", name: "public.users.mail" },
    ]);
    await instance.sql("DROP ROLE fingerprinter");
  });
});
