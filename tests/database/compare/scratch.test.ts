import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { verify } from "#compare/verify/verify.ts";
import { sourceCatalogue } from "#compare/sources/sources.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import { serverEngines } from "../../support/engines.ts";
import { ROOT } from "../../support/postgres-binaries.ts";
import { temporaryProject } from "../../support/project.ts";
import { server, type TestServer } from "../../support/servers.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

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
      const other = `confiture_scratch_${Date.now() - 3_600_000}_00000000`;
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
      await instance.sql("DROP ROLE scratch_poor");
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
      run.kill("SIGKILL");
      await run.exited;
      const [left] = await instance.sql(sleeping);
      await instance.sql("SELECT pg_terminate_backend($1)", [left!["pid"]]);
      const name = String(left!["datname"]);
      while ((await instance.sql(sleeping)).length > 0) await Bun.sleep(20);
      expect(await hasRole(instance, role)).toBe(true);

      // As if it had been an hour ago.
      const old = name.replace(/\d+/, String(Date.now() - 3_600_000));
      await instance.sql(`ALTER DATABASE ${name} RENAME TO ${old}`);
      await instance.sql(`COMMENT ON ROLE ${role} IS '${old}'`);
      await sourceCatalogue({ ...filesOf(project.dir), scratch: instance.target("postgres") }, { kind: "empty" });
      expect(await scratchNames(instance)).toEqual([]);
      expect(await hasRole(instance, role)).toBe(false);
    });
  });
}
