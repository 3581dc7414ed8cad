import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { withDatabase } from "#database/open.ts";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";
import { startServer } from "../support/servers.ts";
import { cliProject, NEWEST, OLDEST_AND_NEWEST } from "./project.ts";

describe("a database that is only read, where none can be created beside it", () => {
  for (const major of OLDEST_AND_NEWEST) {
    test(`on a standby of PostgreSQL ${major} the work is done in the embedded PostgreSQL, with a warning`, async () => {
      const instance = await startServer({ major });
      const name = await instance.createDatabase();
      await withDatabase(instance.target(name), {}, (session) => session.execute("CREATE TABLE jars (id int)"));
      // What a killed command left behind on the primary is nothing that can be tidied up here.
      await instance.sql("CREATE DATABASE confiture_scratch_0000000000000001");
      await instance.sql("CREATE ROLE left_behind");
      await instance.sql("COMMENT ON ROLE left_behind IS 'confiture_scratch_0000000000000001'");
      await instance.becomeStandby();
      await using project = await temporaryProject();
      const url = instance.url(name);
      const env = { PGPASSWORD: instance.password };
      const adopted = await runHere(["init", "--from", url, "--env", "local"], { cwd: project.dir });
      expect(adopted).toMatchObject({ exitCode: 0 });
      expect(adopted.stderr).toContain("the server is a standby");
      expect(adopted.stderr).not.toContain("CREATEDB");
      const reading = ["drift", "snapshot", "migrate status", "export --dir db/other", "diff env:local schema"];
      for (const command of reading) {
        const { exitCode, stderr } = await runHere(command.split(" "), { cwd: project.dir, env });
        expect({ command, exitCode, stderr }).toMatchObject({ exitCode: 0 });
      }
      await project.write("db/migrations/9_more.sql", "CREATE TABLE more ();");
      const create = `db create --database-url ${instance.url("another")}`;
      for (const command of ["migrate up", "migrate baseline", "build", "db drop", create]) {
        const args = [...command.split(" "), ...(command === create ? [] : ["--yes", "local"])];
        const { exitCode, stderr } = await runHere(args, { cwd: project.dir, env });
        expect({ command, exitCode, stderr }).toMatchObject({
          exitCode: 1,
          stderr: expect.stringMatching(/connect to the primary/i),
        });
      }
      const given = await runHere(["diff", "env:local", "schema", "--scratch", url], { cwd: project.dir, env });
      expect(given.exitCode).toBe(1);
      expect(given.stderr).toContain("It is read-only: a standby");
      expect(given.stderr).not.toContain("CREATEDB");
    });
  }

  test("nor where default_transaction_read_only is on", async () => {
    await using live = await cliProject();
    await live.query("CREATE TABLE jars (id int)");
    await live.query(`ALTER DATABASE ${live.database} SET default_transaction_read_only = on`);
    await using project = await temporaryProject();
    const adopted = await live.run(["init", "--from", live.url, "--env", "local"], { cwd: project.dir });
    expect(adopted).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("default_transaction_read_only") });
  });
});

test.skipIf(NEWEST < 15)(
  "a database that sorts by ICU is rebuilt in one that does; the embedded PostgreSQL says that it cannot",
  async () => {
    await using project = await cliProject();
    const name = await project.server.createDatabase("icu");
    await project.server.dropDatabase(name);
    await project.server.sql(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`,
    );
    const target = project.server.target(name);
    await withDatabase(target, {}, (session) =>
      session.execute(
        "CREATE TABLE w (t text) PARTITION BY RANGE (t); CREATE TABLE w1 PARTITION OF w FOR VALUES FROM ('a') TO ('B')",
      ),
    );
    const url = project.url.replace(/[^/]+$/, name);
    await project.succeed(["export", "--database-url", url]);
    const inside = await project.run(["export", "--database-url", url, "--dir", "db/other", "--scratch", "embedded"]);
    expect(inside).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/sorts by "en-US"[^]*--scratch URL/) });
    await project.server.dropDatabase(name);
  },
);

test("a database whose search_path came to point to another schema than its ledger's becomes a project", async () => {
  await using live = await cliProject({
    "db/migrations/1_a.sql": "CREATE SCHEMA app; CREATE TABLE app.jars (id int);",
  });
  await live.query(`ALTER DATABASE ${live.database} SET search_path = app, public`);
  await live.succeed(["migrate", "up"]);
  await live.succeed(["migrate", "status", "--exit-code"]);
  // Another role's own ledger is no table of the schema either.
  await live.query("CREATE SCHEMA other; CREATE TABLE other.confiture_migrations (LIKE public.confiture_migrations)");
  await using project = await temporaryProject();
  await live.succeed(["init", "--from", live.url, "--env", "local"], { cwd: project.dir });
  const files = (await readdir(project.path("db/schema"), { recursive: true })).filter((file) => file.endsWith(".sql"));
  expect(files.toSorted()).toEqual(["00_common/00_database.sql", "00_common/schemas.sql", "10_tables/app.jars.sql"]);
  await live.query("DROP TABLE public.confiture_migrations, other.confiture_migrations");
  await live.query("CREATE TABLE app.confiture_migrations (id int)");
  expect(await live.run(["init", "--from", live.url, "--env", "local", "--force"], { cwd: project.dir })).toMatchObject(
    { exitCode: 1 },
  );
});

test("a database's own settings decide where files build and what they mean", async () => {
  await using project = await cliProject({
    "db/schema/a.sql":
      "CREATE SCHEMA app; CREATE TABLE jars (id int, made timestamptz DEFAULT '2026-03-01 00:00');" +
      "CREATE TABLE log (at timestamptz) PARTITION BY RANGE (at);" +
      "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('01/02/2026') TO ('01/03/2026');",
  });
  for (const setting of ["search_path = app, public", "timezone = 'Asia/Kathmandu'", "datestyle = 'ISO, DMY'"])
    await project.query(`ALTER DATABASE ${project.database} SET ${setting}`);
  await project.succeed(["build"]);
  expect(await project.query("SELECT to_regclass('app.jars')::text AS jars")).toEqual([{ jars: "app.jars" }]);
  for (const where of [[], ["--scratch", "embedded"]]) {
    expect(await project.run(["drift", ...where])).toMatchObject({ exitCode: 0 });
    expect(await project.run(["diff", "env:local", "schema", ...where])).toMatchObject({ exitCode: 0 });
  }
});
