import { describe, expect, test } from "bun:test";
import { executeSchema } from "#build/builder.ts";
import { comparePaths } from "#build/order.ts";
import { type ExportedSchema, exportSchema } from "#compare/export.ts";
import { lookBeside, type ScratchSite } from "#scratch/site.ts";
import { schemaBuild, sourceCatalogue } from "#compare/sources/sources.ts";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import type { ConfitureError } from "#errors/error.ts";
import { engines, serverEngines, type TestDatabase, type TestEngine } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { fingerprint } from "../build/catalogue.ts";
import { createRoles, EVERYTHING } from "./everything.ts";
import { filesOf } from "./project-files.ts";

async function emptyDatabase(engine: TestEngine): Promise<TestDatabase> {
  const database = await engine.fresh();
  await withDatabase(database.target, {}, createRoles);
  return database;
}

async function databaseOf(engine: TestEngine, sql: string): Promise<TestDatabase> {
  const database = await emptyDatabase(engine);
  await withDatabase(database.target, {}, (session) => session.execute(sql));
  return database;
}

async function exportOf(
  { target }: TestDatabase,
  options: { readonly owners?: boolean; readonly scratch?: ScratchSite; readonly part?: number } = {},
): Promise<ExportedSchema> {
  const scratch: ScratchSite = target.engine === "embedded" ? { engine: "embedded" } : target;
  return await exportSchema({ target, table: "confiture_migrations", owners: false, scratch, ...options });
}

/** The definition of everything that the files make in a new database, as lines to compare. */
async function built(engine: TestEngine, { files }: ExportedSchema): Promise<string[]> {
  await using project = await temporaryProject(
    Object.fromEntries(files.map(({ path, text }) => [`db/schema/${path}`, text])),
  );
  await using database = await emptyDatabase(engine);
  return await withDatabase(database.target, {}, async (session) => {
    await executeSchema(session, { ...schemaBuild(filesOf(project.dir)), fresh: false });
    return await fingerprint((sql) => session.query(sql));
  });
}

const pathsOf = ({ files }: ExportedSchema): string[] => files.map(({ path }) => path);

/** The files make the same database, by another witness than the one that the export asks. */
async function expectSame(engine: TestEngine, database: TestDatabase, exported: ExportedSchema): Promise<void> {
  const live = await withDatabase(database.target, {}, (session) => fingerprint((sql) => session.query(sql)));
  expect(await built(engine, exported)).toEqual(live);
}

for (const engine of engines) {
  describe(engine.name, () => {
    test("files of one of everything make the same database", async () => {
      await using database = await databaseOf(engine, EVERYTHING);
      const exported = await exportOf(database);
      expect(pathsOf(exported)).toEqual(pathsOf(exported).toSorted(comparePaths));
      await expectSame(engine, database, exported);
      expect(exported.notExported).toEqual([]);
      expect(exported.withSecrets).toEqual(["00_common/01_foreign_servers.sql"]);
      expect(exported.files.map(({ text }) => text).join("\n")).not.toContain("S3cret");
    });
  });
}

const [oldest, newest] = [serverEngines[0]!, serverEngines.at(-1)!];

// Where not everybody may make something in the schema public.
for (const engine of [newest]) {
  describe(engine.name, () => {
    test("an ordinary role that may create databases is enough, or is told what is not", async () => {
      await using database = await engine.fresh();
      const { target } = database;
      if (target.engine === "embedded") throw new Error("a server is needed");
      await database.query(`CREATE ROLE ordinary LOGIN CREATEDB PASSWORD 'ordinary'`).catch(() => []);
      await database.query(`ALTER DATABASE ${target.database} OWNER TO ordinary`);
      if (engine.major >= 15) await database.query("GRANT CREATE ON SCHEMA public TO ordinary");
      const ordinary = { ...target, user: "ordinary", password: new Secret("ordinary") };
      await withDatabase(ordinary, {}, (session) => session.execute(ORDINARY));
      const exported = await exportOf({ ...database, target: ordinary });
      expect(pathsOf(exported)).toContain("70_triggers/t.sql");
      await database.query("CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION on_ddl()");
      const failure = await exportOf({ ...database, target: ordinary }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "export_unproven", hint: expect.stringContaining("--scratch embedded") });
      const elsewhere = await exportOf({ ...database, target: ordinary }, { scratch: { engine: "embedded" } });
      expect(pathsOf(elsewhere)).toContain("90_event_triggers/watch.sql");
    });
  });
}

test("a role that may not create databases has the files proven in the embedded engine", async () => {
  await using database = await databaseOf(oldest, EVERYTHING);
  const exported = await exportOf(database, { scratch: { engine: "embedded" } });
  await expectSame(oldest, database, exported);
});

test("built part by part in the embedded engine, the files are the same", async () => {
  const granted = "GRANT SELECT ON words TO everything_reader; CREATE VIEW v AS SELECT id FROM items";
  await using database = await databaseOf(oldest, `${CIRCLES}; ${granted}`);
  const scratch = { engine: "embedded" } as const;
  const whole = await exportOf(database, { scratch });
  expect(await exportOf(database, { scratch, part: 3 })).toEqual(whole);
});

test.skipIf(oldest.major >= 17)("a grant on what another version of an extension lacks has a hint", async () => {
  await using database = await databaseOf(
    oldest,
    "CREATE EXTENSION pg_stat_statements; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO everything_reader",
  );
  const failure = await exportOf(database, { scratch: { engine: "embedded" } }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "export_unproven",
    hint: expect.stringContaining("another version of an extension"),
  });
});

describe("on one server", () => {
  const engine = newest;

  test("what two objects need of each other is made in a second step", async () => {
    await using database = await databaseOf(engine, CIRCLES);
    const exported = await exportOf(database);
    await expectSame(engine, database, exported);
    expect(pathsOf(exported)).toEqual([
      "02_types/kind.sql",
      "10_tables/items.sql",
      "10_tables/words.sql",
      "30_functions/best_word.sql",
      "30_functions/weight_of.sql",
      "46_tables/items.sql",
      "60_foreign_keys/items.sql",
      "60_foreign_keys/words.sql",
    ]);
  });

  test("what only the database's own search_path lets it find, the files find by themselves", async () => {
    await using database = await databaseOf(
      engine,
      `CREATE SCHEMA util; SET search_path = public, util;
       CREATE FUNCTION util.b58(b bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT encode(b, 'hex') $$;
       CREATE FUNCTION util.b58(u uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT b58(decode(replace(u::text, '-', ''), 'hex')) $$;
       CREATE TABLE base (id uuid PRIMARY KEY, short text GENERATED ALWAYS AS (b58(id)) STORED)`,
    );
    const target = database.target as ServerTarget;
    await database.query(`ALTER DATABASE ${target.database} SET search_path = public, util`);
    const { traits } = await lookBeside(target);
    const embedded = { engine: "embedded" } as const;
    for (const [site, part] of [[target], [embedded], [embedded, 1]] as const) {
      const exported = await exportOf(database, { scratch: { ...site, like: traits }, ...(part && { part }) });
      expect(exported.files[1]?.text).toBe("SET search_path = public, util;\n");
      // In a database without it.
      expect((await built(engine, exported)).join("\n")).toContain("util.b58(id)");
    }
  });

  test("a database's own settings that decide what statements mean come along; others are named without their values", async () => {
    await using database = await databaseOf(engine, 'CREATE SCHEMA "My app"; CREATE TABLE "My app".t (id int)');
    const target = database.target as ServerTarget;
    for (const setting of [
      `search_path = '$user', "My app", ''`,
      "TimeZone = 'Asia/Kathmandu'",
      "app.jwt_secret = 'hidden'",
      "statement_timeout = '1h'",
    ])
      await database.query(`ALTER DATABASE ${target.database} SET ${setting}`);
    const read = async (of: TestDatabase): Promise<unknown> =>
      await of.query(
        "SELECT unnest(setconfig) AS setting FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1",
      );
    const { traits } = await lookBeside(target);
    const exported = await exportOf(database, { scratch: { ...target, like: traits } });
    expect(JSON.stringify(exported)).not.toContain("hidden");
    expect(exported.notExported).toContainEqual({
      kind: "database setting",
      count: 2,
      samples: ["app.jwt_secret", "statement_timeout"],
    });
    await using project = await temporaryProject(
      Object.fromEntries(exported.files.map(({ path, text }) => [`db/schema/${path}`, text])),
    );
    await using other = await emptyDatabase(engine);
    await withDatabase(other.target, {}, (session) =>
      executeSchema(session, { ...schemaBuild(filesOf(project.dir)), fresh: false }),
    );
    const kept = (all: unknown): unknown[] =>
      (all as { setting: string }[]).filter(({ setting }) => /^(?:search_path|TimeZone)=/.test(setting));
    expect(await read(other)).toEqual(kept(await read(database)));
  });

  test("an empty database has no files", async () => {
    await using database = await emptyDatabase(engine);
    expect((await exportOf(database)).files).toEqual([]);
  });

  test("a schema public that was dropped stays so", async () => {
    await using database = await databaseOf(
      engine,
      "DROP SCHEMA public; CREATE SCHEMA app; CREATE TABLE app.t (id int)",
    );
    const exported = await exportOf(database);
    expect(exported.files).toEqual([
      { path: "00_common/schemas.sql", text: "DROP SCHEMA public;\n\nCREATE SCHEMA IF NOT EXISTS app;\n" },
      { path: "10_tables/app.t.sql", text: "CREATE TABLE app.t (\n  id integer\n);\n" },
    ]);
    await expectSame(engine, database, exported);
  });

  test("a function whose table has grown since, and a view of it, are made as they are", async () => {
    const sql = `
      CREATE TYPE kind AS ENUM ('a');
      CREATE TABLE t (id int, y kind, x text);
      CREATE FUNCTION s() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; END;
      CREATE VIEW v AS SELECT * FROM s();
      ALTER TABLE t ADD r int`;
    await using database = await databaseOf(engine, sql);
    const off = "SET check_function_bodies = off;";
    for (const options of [{}, { scratch: { engine: "embedded" }, part: 1 }] as const) {
      const { files } = await exportOf(database, options);
      expect(files.find(({ path }) => path === "30_functions/s.sql")?.text).toContain(off);
    }
  });

  test("an index that was never finished is in the files as it was meant, and named", async () => {
    await using database = await databaseOf(engine, "CREATE TABLE t (a int); CREATE INDEX i ON t (a)");
    await database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass");
    const { files, notExported } = await exportOf(database);
    expect(files.map(({ text }) => text).join("\n")).toContain("CREATE INDEX i ");
    expect(notExported).toEqual([{ kind: "invalid index", count: 1, samples: ["public.i"] }]);
  });

  test("a check that is not valid in a partition stays so, and one that is stays that", async () => {
    await using database = await databaseOf(
      engine,
      `CREATE TABLE parts (id int, at date NOT NULL, n int) PARTITION BY RANGE (at);
       CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
       CREATE TABLE parts_2027 PARTITION OF parts FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
       ALTER TABLE parts ADD CONSTRAINT positive CHECK (n > 0) NOT VALID;
       ALTER TABLE parts_2027 VALIDATE CONSTRAINT positive`,
    );
    const { files, notExported } = await exportOf(database);
    expect(notExported).toEqual([]);
    const detached = files.filter(({ text }) => text.includes("DETACH PARTITION"));
    expect(detached.map(({ path }) => path)).toEqual([expect.stringContaining("parts_2026")]);
  });

  test("built, the files have definitions in the words of the database that they are of", async () => {
    await using database = await databaseOf(
      newest,
      `CREATE TABLE jars (id int, state varchar(10) CHECK (state IN ('new', 'open')));
       CREATE DOMAIN state AS varchar(10) CHECK (VALUE IN ('new', 'open'));
       CREATE INDEX open ON jars (id) WHERE state IN ('new', 'open');
       CREATE VIEW closed AS SELECT id FROM jars WHERE state NOT IN ('new', 'open');
       CREATE POLICY own ON jars USING (state IN ('new', 'open') AND (id BETWEEN 1 AND 5));`,
    );
    const exported = await exportOf(database);
    await using project = await temporaryProject(
      Object.fromEntries(exported.files.map(({ path, text }) => [`db/schema/${path}`, text])),
    );
    const schema = await sourceCatalogue(filesOf(project.dir), { kind: "schema" });
    const live = await withDatabase(database.target, {}, (session) => readCatalogue(session));
    const changed = compareCatalogues(live, schema).filter(
      ({ change, kind }) => change === "changed" && kind !== "schema",
    );
    expect(changed).toEqual([]);
  });

  test("with owners, they are as they were", async () => {
    const sql = `
      CREATE TABLE t (id serial PRIMARY KEY); ALTER TABLE t OWNER TO everything_writer;
      GRANT SELECT ON t TO everything_reader; CREATE VIEW v AS SELECT * FROM t;
      CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f OWNER TO everything_reader;
      CREATE STATISTICS st ON id, (id + 1) FROM t; ALTER STATISTICS st OWNER TO everything_reader;
      CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple); ALTER TEXT SEARCH DICTIONARY plain OWNER TO everything_writer`;
    await using database = await databaseOf(engine, sql);
    const exported = await exportOf(database, { owners: true });
    await expectSame(engine, database, exported);
    const written = exported.files.map(({ text }) => text).join("\n");
    expect(written).toContain("  id serial,\n");
    expect(written).toContain("ALTER STATISTICS public.st OWNER TO everything_reader;");
    expect(written).toContain("ALTER TEXT SEARCH DICTIONARY public.plain OWNER TO everything_writer;");
    const without = await exportOf(database);
    expect(without.files.map(({ text }) => text).join("\n")).not.toContain("OWNER TO");
  });

  test("what cannot be made is an error that names it", async () => {
    await using database = await databaseOf(engine, "CREATE TABLE t (id int PRIMARY KEY)");
    await database.query(
      "UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 't'::regclass AND attname = 'id'",
    );
    const failure = await exportOf(database).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "export_unproven",
      message: expect.stringContaining("made differently: column public.t.id (notNull)"),
    });
  });

  test("an extension that the embedded engine lacks is named, with the ways out", async () => {
    await using database = await databaseOf(engine, "CREATE EXTENSION xml2");
    const failure = await exportOf(database, { scratch: { engine: "embedded" } }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "extension_missing", message: expect.stringContaining("xml2") });
    expect((failure as ConfitureError).hint).toContain("--scratch");
    await expectSame(engine, database, await exportOf(database));
  });

  test("the roles that the files name are told: they have to be there where the files are built", async () => {
    const roles = ["named_reader", "Named Owner", "named_by_policy", "named_nowhere"];
    await using database = await databaseOf(
      engine,
      `CREATE TABLE t (id int PRIMARY KEY, note text DEFAULT 'GRANT ALL TO named_nowhere');
       DO $$ BEGIN ${roles.map((role) => `IF to_regrole('"${role}"') IS NULL THEN CREATE ROLE "${role}"; END IF;`).join(" ")} END $$;
       GRANT SELECT ON t TO named_reader, PUBLIC, pg_monitor;
       CREATE POLICY p ON t TO named_by_policy USING (true);
       ALTER DEFAULT PRIVILEGES FOR ROLE "Named Owner" GRANT SELECT ON TABLES TO named_reader`,
    );
    expect((await exportOf(database)).roles).toEqual(["Named Owner", "named_by_policy", "named_reader"]);
  });

  test("subscriptions are left out and named", async () => {
    const connection = "host=nowhere password=S3cret dbname=x";
    await using database = await databaseOf(
      engine,
      `CREATE SUBSCRIPTION news CONNECTION '${connection}' PUBLICATION p WITH (connect = false, slot_name = NONE, create_slot = false)`,
    );
    expect(await exportOf(database)).toEqual({
      files: [],
      notExported: [],
      subscriptions: ["news"],
      histories: [],
      withSecrets: [],
      roles: [],
    });
    await database.query("DROP SUBSCRIPTION news");
  });

  test("nothing is left behind, and nothing was changed", async () => {
    await using database = await databaseOf(engine, "CREATE TABLE t (id int)");
    const [before] = await database.query(
      "SELECT xmin::text, txid_current_if_assigned() FROM pg_class WHERE relname = 't'",
    );
    await exportOf(database);
    expect(await database.query("SELECT datname FROM pg_database WHERE datname ~ '^confiture_scratch_'")).toEqual([]);
    expect(
      await database.query("SELECT xmin::text, txid_current_if_assigned() FROM pg_class WHERE relname = 't'"),
    ).toEqual([before!]);
  });

  test("a hundred tables", async () => {
    const table = (index: number): string => `
      CREATE TABLE app.t${index} (id int PRIMARY KEY, name text NOT NULL, parent int REFERENCES app.t${Math.max(index - 1, 0)}, kind app.kind DEFAULT 'a');
      CREATE INDEX ON app.t${index} (parent);
      CREATE VIEW app.v${index} AS SELECT id, name FROM app.t${index} ${index === 0 ? "" : `UNION ALL SELECT * FROM app.v${index - (index % 10 === 0 ? 0 : 1)}`.replace(`app.v${index}`, `app.t${index}`).replace("*", "id, name")};
      COMMENT ON TABLE app.t${index} IS 'number ${index}';`;
    const tables = Array.from({ length: 100 }, (_, index) => table(index)).join("");
    await using database = await databaseOf(
      engine,
      `CREATE SCHEMA app; CREATE TYPE app.kind AS ENUM ('a', 'b'); ${tables}`,
    );
    const exported = await exportOf(database);
    expect(exported.files).toHaveLength(2 + 4 * 100);
    await expectSame(engine, database, exported);
  });
});

const ORDINARY = `
  CREATE EXTENSION citext;
  CREATE TABLE t (id int PRIMARY KEY, name citext);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
  CREATE VIEW v AS SELECT lower(name::text) AS name FROM t WHERE name = 'x';
  ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC`;

const CIRCLES = `
  CREATE TYPE kind AS ENUM ('a', 'b');
  CREATE TABLE items (id int PRIMARY KEY, kind kind NOT NULL, weight int NOT NULL);
  CREATE TABLE words (id int PRIMARY KEY, item int REFERENCES items);
  CREATE FUNCTION weight_of(items) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1.weight';
  CREATE FUNCTION best_word(words) RETURNS int LANGUAGE plpgsql AS 'DECLARE w words%ROWTYPE; BEGIN RETURN w.id; END';
  ALTER TABLE items ADD CONSTRAINT heavy CHECK (weight_of(items) > 0);
  COMMENT ON CONSTRAINT heavy ON items IS 'whole rows';
  ALTER TABLE items ADD best int REFERENCES words`;
