import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { verify } from "#compare/verify/verify.ts";
import { projectMigrations, sourceCatalogue } from "#compare/sources/sources.ts";
import { traceMigrations } from "#compare/trace/trace.ts";
import { prepareEmbeddedScratch } from "#scratch/embedded-scratch.ts";
import { withScratch } from "#scratch/scratch.ts";
import { lookBeside } from "#scratch/site.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import { serverEngines } from "../../support/engines.ts";
import { few, long } from "../../support/long.ts";
import { message } from "../../support/lying-server.ts";
import { ROOT } from "../../support/postgres-binaries.ts";
import { temporaryProject } from "../../support/project.ts";
import { server, type TestServer } from "../../support/servers.ts";
import { tcpProxy } from "../../support/tcp-proxy.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

/** Locks of commands that have a scratch database. */
const HELD = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'";

/** An extension that the servers have and the embedded engine has not. */
const DBLINK = "CREATE TABLE a (id int);\nCREATE EXTENSION dblink;\n";

describe("an extension that the embedded engine lacks", () => {
  test("is named, with its place and the way out", async () => {
    await using project = await temporaryProject({ "db/schema/a.sql": DBLINK });
    const error = await failureOf(sourceCatalogue(filesOf(project.dir), { kind: "schema" }));
    expect(error).toMatchObject({ code: "extension_missing", location: { file: "db/schema/a.sql", line: 2 } });
    expect(error.message).toContain("dblink");
    expect(error.hint).toContain("--scratch");
  });

  test("is named in migrations, too", async () => {
    await using project = await temporaryProject({
      "db/schema/a.sql": "CREATE TABLE a (id int);",
      "db/migrations/1_a.sql": DBLINK,
    });
    const { checks } = await verify(filesOf(project.dir));
    const error = checks.flatMap(({ findings }) => findings)[0]?.error;
    expect(error).toMatchObject({ code: "extension_missing", location: { file: "db/migrations/1_a.sql", line: 2 } });
  });
});

test("a collation that the embedded engine lacks gets the same way out", async () => {
  await using project = await temporaryProject({ "db/schema/a.sql": 'CREATE TABLE a (t text COLLATE "sv-x-icu");' });
  const error = await failureOf(sourceCatalogue(filesOf(project.dir), { kind: "schema" }));
  expect(error).toMatchObject({ code: "sql_failed", location: { file: "db/schema/a.sql", line: 1 } });
  expect(error.hint).toContain("--scratch");
});

describe("a scratch database of the embedded engine begins as a new one, whatever the one before was left with", () => {
  /** Everything that is there, numbers of objects aside, and what a session may know. */
  const STATE = `
    SELECT (SELECT json_agg(n.nspname::text || '.' || c.relname ORDER BY 1) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) AS relations,
           (SELECT json_agg(p.oid::regprocedure::text ORDER BY 1) FROM pg_proc p) AS routines,
           (SELECT json_agg(t.oid::regtype::text ORDER BY 1) FROM pg_type t) AS types,
           (SELECT json_agg(n::text ORDER BY 1) FROM (SELECT nspname, nspowner, nspacl FROM pg_namespace) n) AS schemas,
           (SELECT json_agg(r.rolname ORDER BY 1) FROM pg_authid r) AS roles,
           (SELECT json_agg(d::text ORDER BY 1) FROM (SELECT datname, datdba, datacl, datconnlimit FROM pg_database) d) AS databases,
           (SELECT count(*) FROM pg_description) AS comments, (SELECT count(*) FROM pg_depend) AS dependencies,
           (SELECT count(*) FROM pg_extension) AS extensions, (SELECT count(*) FROM pg_largeobject_metadata) AS large_objects,
           (SELECT count(*) FROM pg_default_acl) AS default_rights, (SELECT count(*) FROM pg_db_role_setting) AS settings,
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks, (SELECT count(*) FROM pg_cursors WHERE is_holdable) AS cursors,
           (SELECT json_agg(name ORDER BY 1) FROM pg_prepared_statements WHERE from_sql AND NOT starts_with(name, 'confiture_')) AS prepared,
           (SELECT count(*) FROM pg_listening_channels()) AS channels, current_setting('work_mem') AS work_mem, current_user AS role,
           (SELECT json_agg(name ORDER BY 1) FROM pg_settings WHERE name NOT LIKE 'plpgsql.%') AS known,
           (SELECT json_agg(name ORDER BY 1) FROM (SELECT 'app.tenant' AS name WHERE current_setting('app.tenant', true) IS NOT NULL) s) AS own`;
  const state = (sql?: string): Promise<object | undefined> =>
    withScratch({ scratch: { engine: "embedded" } }, async (database) => {
      const [row] = await database.query(STATE);
      if (sql !== undefined) await database.execute(sql);
      return row;
    });

  test.each([
    "CREATE TABLE t (id serial PRIMARY KEY, a text UNIQUE); INSERT INTO t (a) VALUES ('x'); ANALYZE",
    "CREATE ROLE left_behind LOGIN; CREATE TABLE t (id int); GRANT SELECT ON t TO left_behind; ALTER TABLE t OWNER TO left_behind",
    "CREATE SCHEMA s; CREATE TYPE s.m AS ENUM ('a'); CREATE TABLE public.t (m s.m) PARTITION BY LIST (m); CREATE VIEW v AS TABLE t",
    "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$; CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()",
    "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); CREATE OPERATOR FAMILY o USING btree; CREATE CAST (int AS box) WITH INOUT",
    "CREATE EXTENSION citext; CREATE TABLE t (a citext)",
    "CREATE EXTENSION pg_trgm; CREATE TABLE t (a text); CREATE INDEX ON t USING gin (a gin_trgm_ops)",
    "DROP EXTENSION plpgsql",
    "DROP SCHEMA public CASCADE",
    "DROP SCHEMA information_schema CASCADE",
    "COMMENT ON SCHEMA public IS NULL",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "ALTER DATABASE postgres SET work_mem = '7MB'",
    "ALTER DATABASE postgres CONNECTION LIMIT 7",
    "SELECT lo_create(4711)",
    "SET work_mem = '7MB'; SET ROLE pg_monitor; SELECT pg_advisory_lock(1); LISTEN c; PREPARE p AS SELECT 1; CREATE TEMP TABLE t (id int)",
    "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT; BEGIN; CREATE TABLE t (id int)",
    "SET app.tenant = 'x'",
    "SELECT set_config('app.' || 'tenant', 'x', false)",
    "DO $$ BEGIN PERFORM set_config('app.tenant', 'x', true); END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET app.tenant = 'x' RETURN 1; SELECT f()",
  ])("%s", async (sql) => {
    const before = await state(sql);
    expect(await state()).toEqual(before);
  });

  test.each(
    few(1, [
      "CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)",
      "CREATE MATERIALIZED VIEW m AS SELECT 1 AS id; CREATE UNIQUE INDEX ON m (id); REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    ]),
  )("and does again what it has done: %s", async (sql) => {
    for (let time = 0; time < 2; time++) await state(sql);
  });

  long("and is the same one where nothing is left", async () => {
    const sessions: unknown[] = [];
    const look = (sql: string): Promise<void> =>
      withScratch({ scratch: { engine: "embedded" } }, async (database) => {
        sessions.push(database);
        await database.execute(sql);
      });
    for (const sql of [
      "CREATE TABLE t (id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY)",
      "CREATE ROLE r; CREATE TABLE t (id int)",
      'CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION btree_gist; CREATE TABLE t (id uuid DEFAULT uuid_generate_v4())',
      "SELECT 1/0",
      "SELECT 1",
    ])
      await look(sql).catch(() => {});
    expect(new Set(sessions).size).toBe(1);
  });
});

test("a scratch database is not used for ever: what the engine has written stays in memory", async () => {
  const use = (): Promise<Database> =>
    withScratch({ scratch: { engine: "embedded" } }, async (database) => {
      await database.execute("SELECT pg_logical_emit_message(false, '', repeat('x', 20000000))");
      return database;
    });
  const used = new Set<Database>();
  for (let time = 0; time < 8; time++) used.add(await use());
  expect(used.size).toBe(2);
});

test("the next scratch database is prepared ahead, also where the last one cannot be used again; who asks sooner waits for it", async () => {
  const use = (sql: string): Promise<Database> =>
    withScratch({ scratch: { engine: "embedded" } }, async (database) => {
      await database.execute(sql);
      return database;
    });
  let prepared: Database | undefined;
  const prepare = (): void => {
    prepareEmbeddedScratch((database) => {
      prepared = database;
      return database.execute("SELECT 1");
    });
  };
  const first = await use("CREATE TABLE t (id int)");
  prepare();
  expect(await use("CREATE TABLE t (id int); SET app.tenant = 'x'")).toBe(first);
  expect(prepared).toBeUndefined();
  prepare();
  const second = await use("CREATE TABLE t (id int)");
  expect(second).not.toBe(first);
  expect(second).toBe(prepared!);
});

/** What a project says of its own database. */
const OWN_DATABASE = (name: string): Record<string, string> => ({
  "db/schema/a.sql": `CREATE TABLE a (id int);\nALTER DATABASE ${name} SET timezone = 'UTC';\nGRANT CONNECT ON DATABASE ${name} TO PUBLIC;\n`,
  "db/migrations/1_a.sql": `-- migrate:up\nCREATE TABLE a (id int);\nCOMMENT ON DATABASE ${name} IS 'ours';\n-- migrate:down\nCOMMENT ON DATABASE ${name} IS NULL;\nDROP TABLE a;\n`,
  "db/migrations/2_b.sql": `-- migrate:up transaction:false\nALTER DATABASE ${name} SET datestyle = 'ISO';\n-- migrate:down\nALTER DATABASE ${name} RESET datestyle;\n`,
});

long("statements that name the project's database are about the scratch database", async () => {
  await using project = await temporaryProject(OWN_DATABASE("our_own"));
  const { checks } = await verify(filesOf(project.dir));
  expect(checks.map(({ outcome }) => outcome)).toEqual(["proven", "proven", "proven"]);
  await project.write("db/schema/a.sql", "COMMENT ON DATABASE a_name IS 'x'; SELECT\n nope;");
  const error = await failureOf(sourceCatalogue(filesOf(project.dir), { kind: "schema" }));
  expect(error).toMatchObject({ location: { file: "db/schema/a.sql", line: 2, column: 2 } });
});

const SETTINGS = ["search_path", "TimeZone", "our.own", "DateStyle"];

for (const engine of serverEngines) {
  describe(engine.name, () => {
    const scratchNames = async (instance: TestServer): Promise<string[]> => {
      const rows = await instance.sql("SELECT datname FROM pg_database WHERE datname ~ '^confiture_scratch_'");
      return rows.map(({ datname }) => String(datname));
    };
    const hasRole = async (instance: TestServer, role: string): Promise<boolean> =>
      (await instance.sql("SELECT FROM pg_roles WHERE rolname = $1", [role])).length > 0;

    test("scratch databases on a server have its extensions; roles that only they needed go with them", async () => {
      const instance = await server(engine.major);
      const role = `scratch_reader_${engine.major}`;
      await using project = await temporaryProject({
        "db/schema/a.sql": `${DBLINK}GRANT SELECT ON a TO ${role};`,
        "db/migrations/1_a.sql": `${DBLINK}GRANT SELECT ON a TO ${role};`,
      });
      const { checks } = await verify({ ...filesOf(project.dir), scratch: instance.target("postgres") });
      expect(checks.map(({ outcome }) => outcome)).toEqual(["proven", "proven", "proven"]);
      expect(await hasRole(instance, role)).toBe(false);
      expect(await scratchNames(instance)).toEqual([]);
    });

    test("a scratch database is like the database in use: its encoding, locale and settings", async () => {
      const instance = await server(engine.major);
      const name = await instance.createDatabase("like");
      await instance.dropDatabase(name);
      await instance.sql(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`);
      for (const setting of [
        'search_path = \'odd "name\', "$user", public',
        "timezone = 'Asia/Kathmandu'",
        "our.own = 'a, b'",
        "statement_timeout = '1h'",
      ])
        await instance.sql(`ALTER DATABASE ${name} SET ${setting}`);
      await instance.sql(`ALTER ROLE postgres IN DATABASE ${name} SET datestyle = 'SQL, DMY'`);
      const target = instance.target(name);
      const { obstacle, traits } = await lookBeside(target);
      expect(obstacle).toBeUndefined();
      const query = SETTINGS.map((setting) => `current_setting('${setting}') AS "${setting}"`).join(", ");
      const read = async (database: Database): Promise<object | undefined> =>
        (await database.query(`SELECT ${query}, getdatabaseencoding()`))[0];
      const live = await withDatabase(target, {}, read);
      expect(live).toMatchObject({ "our.own": "a, b", getdatabaseencoding: "LATIN1" });
      const there = await withScratch({ scratch: { ...target, like: traits } }, async (database) => {
        await database.execute("SET timezone = 'UTC'; RESET ALL");
        const timeout = await database.query("SELECT current_setting('statement_timeout') AS timeout");
        expect(timeout).toEqual([{ timeout: "0" }]);
        return await read(database);
      });
      expect(there).toEqual(live);
      const { getdatabaseencoding: _, ...settings } = live as Record<string, string>;
      const inside = await withScratch({ scratch: { engine: "embedded", like: traits } }, async (database) => {
        await database.execute("SET timezone = 'UTC'; RESET ALL");
        return await read(database);
      });
      expect(inside).toMatchObject(settings);
      await instance.dropDatabase(name);
    });

    test("the project's own database, on the same server, stays as it is", async () => {
      const instance = await server(engine.major);
      const name = await instance.createDatabase("own");
      await using project = await temporaryProject(OWN_DATABASE(name));
      const { checks } = await verify({ ...filesOf(project.dir), scratch: instance.target(name) });
      expect(checks.map(({ outcome }) => outcome)).toEqual(["proven", "proven", "proven"]);
      const state = await instance.sql(
        "SELECT datacl, shobj_description(oid, 'pg_database') AS comment, (SELECT count(*)::int FROM pg_db_role_setting WHERE setdatabase = oid) AS settings FROM pg_database WHERE datname = $1",
        [name],
      );
      expect(state).toEqual([{ datacl: null, comment: null, settings: 0 }]);
      await instance.dropDatabase(name);
    });

    test("what reaches beyond a scratch database is not run, by whatever makes one, and is told", async () => {
      const instance = await server(engine.major);
      const beside = await instance.createDatabase("beside");
      await instance.sql("DROP ROLE IF EXISTS scratch_reached");
      await instance.sql("CREATE ROLE scratch_reached LOGIN PASSWORD 'kept'");
      const state = async () =>
        await instance.sql(
          "SELECT rolpassword, (SELECT count(*)::int FROM pg_database WHERE datname = $1) AS there FROM pg_authid WHERE rolname = 'scratch_reached'",
          [beside],
        );
      const before = await state();
      await using folder = await temporaryProject({});
      const program = (name: string) => `COPY (SELECT 1) TO PROGRAM 'touch ${folder.path(name)}'`;
      const schema = [
        "CREATE TABLE a (id int, b int)",
        `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ${program("function")}; END $$`,
        "GRANT SELECT ON a TO scratch_reached, scratch_made",
      ];
      const up = [
        ...schema,
        program("up"),
        `COPY (SELECT 1) TO '${folder.path("copy")}'`,
        "SELECT f()",
        `DO $$ BEGIN EXECUTE $q$${program("block")}$q$; END $$`,
        "ALTER ROLE scratch_reached PASSWORD 'lost'",
        "GRANT pg_read_all_data TO scratch_reached",
      ];
      const down = [program("down"), "DROP FUNCTION f()", "DROP TABLE a"];
      await using project = await temporaryProject({
        "db/schema/a.sql": [program("schema"), ...schema, ""].join(";\n"),
        "db/migrations/1_a.sql": `-- migrate:up\n${up.join(";\n")};\n-- migrate:down\n${down.join(";\n")};\n`,
        "db/migrations/2_b.sql": `-- migrate:up transaction:false\nDROP DATABASE "${beside}";\n-- migrate:down transaction:false\nCREATE DATABASE "${beside}";\n`,
        "db/migrations/3_c.ts": `import { Migration } from "confiture";
          export default class C extends Migration {
            async up() { await this.query(${JSON.stringify(program("query"))}); this.execute("COMMENT ON TABLE a IS NULL"); }
            down() { this.execute("COMMENT ON TABLE a IS NULL"); }
          }`,
      });
      const told = new Set<string>();
      const onLeftOut = (_statement: object, reason: string) => void told.add(reason);
      const files = { ...filesOf(project.dir), scratch: instance.target("postgres"), onLeftOut };
      const { checks } = await verify(files);
      expect(checks.map(({ outcome }) => outcome)).toEqual(["proven", "proven", "proven"]);
      await traceMigrations({ ...files, migrations: projectMigrations(files).slice(2) });
      expect(readdirSync(folder.dir)).toEqual([]);
      expect(await state()).toEqual(before);
      expect(await hasRole(instance, "scratch_made")).toBe(false);
      expect([...told].toSorted()).toEqual([
        "changes roles of the whole server",
        "is about another database of the server",
        "runs a program on the server",
        "writes a file on the server",
      ]);
      await instance.dropDatabase(beside);
      await instance.sql("DROP ROLE scratch_reached");
    });

    test("a locale of another system is no obstacle", async () => {
      const instance = await server(engine.major);
      const traits = { locale: { encoding: "UTF8", lc_collate: "tlh_KX.utf8", lc_ctype: "C" }, settings: {} };
      const scratch = { ...instance.target("postgres"), like: traits };
      await sourceCatalogue({ ...filesOf(ROOT), scratch }, { kind: "empty" });
    });

    test("a role that may create no databases is told what it needs", async () => {
      const instance = await server(engine.major);
      await instance.sql("DROP ROLE IF EXISTS scratch_poor");
      await instance.sql("CREATE ROLE scratch_poor LOGIN PASSWORD 'poor'");
      await using project = await temporaryProject({ "db/schema/a.sql": "CREATE TABLE a (id int);" });
      const scratch: ServerTarget = {
        ...instance.target("postgres"),
        user: "scratch_poor",
        password: new Secret("poor"),
      };
      const error = await failureOf(sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "schema" }));
      expect(error.code).toBe("scratch_unusable");
      // What is somebody else's is left to them.
      const other = "confiture_scratch_0000000000000001";
      await instance.sql(`CREATE DATABASE ${other}`);
      await instance.sql("ALTER ROLE scratch_poor CREATEDB");
      await sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "schema" });
      expect(await scratchNames(instance)).toEqual([other]);
      await instance.sql(`DROP DATABASE ${other}`);
      // With that right alone, there are extensions that it may not create.
      await project.write("db/schema/a.sql", "CREATE EXTENSION dblink;");
      const denied = await failureOf(sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "schema" }));
      expect(denied).toMatchObject({ code: "extension_missing", location: { file: "db/schema/a.sql", line: 1 } });
      expect(await scratchNames(instance)).toEqual([]);
      // Roles that it may not make are told together, those of migrations among them.
      await project.write("db/schema/a.sql", "CREATE TABLE a (id int);\nGRANT SELECT ON a TO poor_1, scratch_poor;\n");
      await project.write("db/schema/b.sql", "GRANT SELECT ON a TO poor_2;\n");
      await project.write("db/migrations/1_a.sql", "GRANT SELECT ON a TO poor_3;\n");
      const roles = await failureOf(sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "schema" }));
      expect(roles).toMatchObject({ code: "scratch_unusable", data: { missingRoles: ["poor_1", "poor_2", "poor_3"] } });
      await project.write("db/migrations/0_a.sql", "CREATE TABLE a (id int);\n");
      const ofMigrations = await failureOf(
        sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "migrations" }),
      );
      expect(ofMigrations).toMatchObject({ data: { missingRoles: ["poor_3", "poor_1", "poor_2"] } });
      expect(await scratchNames(instance)).toEqual([]);
      await instance.sql("DROP ROLE scratch_poor");
    });

    test.each([
      ["3D000", /^Is there a pooler/],
      ["57P03", /^Is the server running\?/],
      ["none", /^It may be starting up/],
    ])("one that cannot be connected to is told with what that points to: %s", async (sqlstate, wanted) => {
      const instance = await server(engine.major);
      const refuse = (sink: Socket): void => {
        sink.end(sqlstate === "none" ? "" : message("E", `SFATAL\0VFATAL\0C${sqlstate}\0Mno\0\0`));
      };
      // The first connection makes it; the other one begins with the answer to a request for encryption.
      await using proxy = await tcpProxy(instance, ({ connection, from, bytes }) =>
        connection > 1 && from === "server" && bytes.length > 1 ? refuse : "pass",
      );
      const scratch = { ...instance.target("postgres"), port: proxy.port };
      const error = await failureOf(withScratch({ scratch }, async () => {}));
      expect(error.code).toBe("scratch_unusable");
      expect(error.hint).toMatch(wanted);
      expect(error.hint).toContain("--scratch embedded");
      expect(await scratchNames(instance)).toEqual([]);
    });

    test("an interruption while it is connected to is that, and no trouble of the server's", async () => {
      const instance = await server(engine.major);
      const interrupted = new AbortController();
      await using proxy = await tcpProxy(instance, ({ connection }) => {
        if (connection > 1) interrupted.abort();
        return "pass";
      });
      const scratch = { ...instance.target("postgres"), port: proxy.port };
      const error = await failureOf(withScratch({ scratch, signal: interrupted.signal }, async () => {}));
      expect({ code: error.code, hint: error.hint }).toEqual({ code: "interrupted", hint: undefined });
      expect(error.message).toStartWith("Interrupted");
      expect(await scratchNames(instance)).toEqual([]);
    });

    test("what a killed run left behind, databases and roles, goes with a later one", async () => {
      const instance = await server(engine.major);
      const role = `scratch_orphan_${engine.major}`;
      await using project = await temporaryProject({
        "db/schema/a.sql": `CREATE TABLE a (id int);\nGRANT SELECT ON a TO ${role};\n`,
        "db/schema/b.sql": "SELECT pg_sleep(600);",
        "db/environments/local.yaml": "name: local\n",
      });
      const run = Bun.spawn(
        [process.execPath, join(ROOT, "src/main.ts"), "diff", "empty", "schema", "--scratch", instance.url("postgres")],
        { cwd: project.dir, env: { PATH: process.env["PATH"] ?? "" }, stdout: "ignore", stderr: "ignore" },
      );
      const sleeping =
        "SELECT pid, datname FROM pg_stat_activity WHERE datname ~ '^confiture_scratch_' AND query ~ 'pg_sleep'";
      while (run.exitCode === null && (await instance.sql(sleeping)).length === 0) await Bun.sleep(20);
      // It is in use: another command leaves it alone.
      const scratch = instance.target("postgres");
      await sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "empty" });
      expect(await scratchNames(instance)).toHaveLength(1);
      expect(await hasRole(instance, role)).toBe(true);

      run.kill("SIGKILL");
      await run.exited;
      // What it had sent runs on; the server notices that the session beside it is over.
      while ((await instance.sql(HELD)).length > 0) await Bun.sleep(20);
      expect(await instance.sql(sleeping)).toHaveLength(1);
      await sourceCatalogue({ ...filesOf(project.dir), scratch }, { kind: "empty" });
      expect(await scratchNames(instance)).toEqual([]);
      expect(await hasRole(instance, role)).toBe(false);
    });
  });
}

test("work that needs more locks than usual is done where there is room for them", async () => {
  let begun = 0;
  const done = await withScratch({ scratch: { engine: "embedded" } }, async (database) => {
    begun++;
    // As many as some 11,000 tables take, each with a key, two indexes, an identity and texts.
    return await database.query(
      "SELECT count(pg_advisory_xact_lock(i))::int AS locks FROM generate_series(1, 100000) i",
    );
  });
  expect(done).toEqual([{ locks: 100_000 }]);
  expect(begun).toBeLessThanOrEqual(2);
});
