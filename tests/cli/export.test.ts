import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { type RunResult } from "../support/cli.ts";
import { long } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { readDocument } from "./document.ts";
import { cliProject, type CliProject, OLDEST_AND_NEWEST } from "./project.ts";

const SHOP = `
  CREATE TYPE state AS ENUM ('open', 'sent');
  CREATE FUNCTION first_state() RETURNS state LANGUAGE sql AS $$ SELECT 'open'::state $$;
  CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE);
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer int NOT NULL REFERENCES users, state state DEFAULT first_state(), last int);
  CREATE TABLE parcels (id int PRIMARY KEY, content int NOT NULL REFERENCES orders);
  ALTER TABLE orders ADD FOREIGN KEY (last) REFERENCES parcels;
  CREATE INDEX orders_buyer ON orders (buyer);
  CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = first_state();
  INSERT INTO users VALUES (1, 'a@example.com')`;

const SHOP_FILES = [
  "02_types/state.sql",
  "03_functions/first_state.sql",
  "10_tables/orders.sql",
  "10_tables/parcels.sql",
  "10_tables/users.sql",
  "20_indexes/orders.sql",
  "40_views/open_orders.sql",
  "60_foreign_keys/orders.sql",
  "60_foreign_keys/parcels.sql",
];

async function filesBelow(project: TemporaryProject, dir: string): Promise<string[]> {
  const entries = await readdir(project.path(dir), { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
  return paths.map((path) => path.slice(project.path(dir).length + 1)).toSorted();
}

/** Everything in a project's files, for what must not be in any of them. */
async function allText(project: TemporaryProject): Promise<string> {
  const files = await filesBelow(project, ".");
  return (await Promise.all(files.map((file) => project.read(file)))).join("\n");
}

describe("an existing database becomes a project in one command", () => {
  // tests/binary/adopting.test.ts goes the same way on the newest, and on to the first change.
  for (const major of OLDEST_AND_NEWEST.slice(0, 1)) {
    test(`on PostgreSQL ${major}: nothing differs afterwards`, async () => {
      await using live = await cliProject({}, { major });
      await live.query(SHOP);
      const before = await live.snapshot();
      await using project = await temporaryProject();
      const password = decodeURIComponent(new URL(live.url).password);
      const on = async (args: string[], exitCode = 0): Promise<RunResult> => {
        const result = await live.run(args, { cwd: project.dir, env: { PGPASSWORD: password } });
        expect({ args, ...result }).toMatchObject({ exitCode });
        return result;
      };
      const adopted = await live.run(["init", "--from", live.url, "--env", "local"], { cwd: project.dir });
      expect(adopted).toMatchObject({ exitCode: 0 });
      expect(adopted.stderr).toContain("PGPASSWORD");
      const place = `Database: ${live.server.host}:${live.server.port}/${live.database}`;
      expect(adopted.stderr).toContain(place);
      expect(await filesBelow(project, "db/schema")).toEqual(SHOP_FILES);
      expect(await filesBelow(project, "db/environments")).toEqual(["local.yaml"]);
      expect(await filesBelow(project, "db/migrations")).toContain("base.sql");
      expect(await allText(project)).not.toContain("Tr0ub4dor");
      expect(await live.snapshot()).toBe(before);

      await on(["diff", "env:local", "schema"]);
      expect((await on(["drift"])).stderr).toContain(place);
      await on(["verify"]);
      expect(await live.snapshot()).toBe(before);

      await using fresh = await cliProject({}, { major });
      await on(["build", "--yes", "local", "--database-url", fresh.url]);
      await on(["diff", "env:local", fresh.url]);

      // It has data.
      await on(["build", "--fresh"], 2);
    });
  }

  test("its environment says all of the URL but the password", async () => {
    await using live = await cliProject();
    await using project = await temporaryProject();
    const odd = `${live.url}?sslmode=disable&application_name=my%20%24%7Bapp%7D&connect_timeout=7`;
    await live.succeed(["init", "--from", odd, "--env", "local"], { cwd: project.dir });
    const { stdout } = await live.succeed(["config", "show", "--format", "json"], { cwd: project.dir });
    const settings = (readDocument({ exitCode: 0, stdout, stderr: "" })["settings"] ?? []) as {
      key: string;
      value: string;
    }[];
    const value = (key: string): string | undefined => settings.find((setting) => setting.key === key)?.value;
    expect(value("database.database")).toBe(live.database);
    expect(value("database.sslmode")).toBe("disable");
    expect(value("database.application_name")).toBe("my ${app}");
    expect(value("database.connect_timeout")).toBe("7s");
    expect(value("protected")).toBe("true");
  });

  long("what its ledger has recorded, and of which there are no files, the base stands for", async () => {
    const files = {
      "db/migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
      "db/migrations/002_notes.sql": "CREATE TABLE notes (id int PRIMARY KEY);\n",
    };
    await using live = await cliProject(files);
    await live.succeed(["migrate", "up"]);
    await using project = await temporaryProject();
    const env = { PGPASSWORD: decodeURIComponent(new URL(live.url).password) };
    const on = (...args: string[]): Promise<RunResult> => live.succeed(args, { cwd: project.dir, env });
    const adopted = await on("init", "--embedded", "--from", live.url, "--env", "production");
    expect(adopted.stderr).toContain(
      "2 migrations recorded in this database, of which there are no files: db/migrations/base.sql stands for them",
    );
    expect(adopted.stderr).toContain("(001_users, 002_notes)");
    expect((await on("migrate", "status", "-e", "production")).stdout).not.toContain("file missing");
    expect((await on("migrate", "up", "-e", "production")).stderr).toContain("No pending migrations");
    expect((await on("migrate", "new", "more")).stdout).toContain("003_more.sql");
    await project.write("db/migrations/003_more.sql", "ALTER TABLE users ADD bio text;\n");
    expect((await on("migrate", "up", "-e", "production")).stdout).toContain("003_more applied");
    expect((await on("migrate", "up")).stdout).toContain("003_more applied");
    await on("schema", "update", "--yes");
    await on("verify");
    await on("drift", "-e", "production");
    // The files may come back.
    for (const [name, text] of Object.entries(files)) await project.write(name, text);
    expect((await on("migrate", "up", "-e", "production")).stderr).toContain("No pending migrations");

    await live.query("UPDATE confiture_migrations SET checksum = NULL WHERE version = '002'");
    await using other = await temporaryProject();
    const unknown = await live.succeed(["init", "--embedded", "--from", live.url, "--env", "production"], {
      cwd: other.dir,
    });
    expect(unknown.stderr).toContain(
      "1 migration that did not end or whose text is not known, of which there is no file: 002_notes. ",
    );
  });

  test("its environment is the one that --env names; the default one is a database to develop in", async () => {
    await using live = await cliProject();
    await live.query("CREATE TABLE users (id int)");
    await using project = await temporaryProject();
    const on = (...args: string[]): Promise<RunResult> => live.run(args, { cwd: project.dir });
    const unnamed = await on("init", "--from", live.url);
    expect(unnamed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--env production") });
    const { exitCode, stderr } = await on("init", "--embedded", "--from", live.url, "--env", "production");
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    // There is nothing that its ledger would have to be told.
    expect(stderr).not.toContain("migrate baseline");
    expect(stderr).toContain("  confiture diff -e production ");
    expect(await filesBelow(project, "db/environments")).toEqual(["local.yaml", "production.yaml"]);
    const show = async (...args: string[]): Promise<string> => (await on("config", "show", ...args)).stdout;
    expect(await show()).toMatch(/database\.path +\S*\.confiture\/local/);
    expect(await show("-e", "production")).toMatch(new RegExp(`database\\.database +${live.database}`));
    expect(await show("-e", "production")).toMatch(/protected +true/);
  });

  long(
    "a database's own search_path comes along: migrations find what they name in every database that begins with it",
    async () => {
      await using live = await cliProject();
      await live.query("CREATE SCHEMA app");
      await live.query("CREATE TABLE app.users (id int)");
      await live.query(`ALTER DATABASE ${live.database} SET search_path = app, public`);
      await using project = await temporaryProject();
      const on = async (...args: string[]): Promise<RunResult> => await live.succeed(args, { cwd: project.dir });
      await on("init", "--embedded", "--from", live.url, "--env", "production");
      expect(await filesBelow(project, "db/schema")).toContain("00_common/00_database.sql");
      await on("verify");
      await project.write(
        "db/migrations/001_bio.sql",
        "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n",
      );
      await on("schema", "update", "--yes");
      await on("verify");
      const up = await on("migrate", "up");
      expect(up.stdout).toContain("001_bio applied");
      expect((await on("db", "sql", "SELECT current_schema()", "--format", "csv")).stdout).toContain("app");
      await on("migrate", "status", "--exit-code");
      await on("migrate", "down");
    },
  );

  test("an environment that there is can be adopted as well", async () => {
    await using project = await cliProject({ "db/migrations/1_users.sql": "CREATE TABLE users (id int);\n" });
    await project.query("CREATE TABLE users (id int)");
    const environment = await project.read("db/environments/local.yaml");
    const { stdout } = await project.succeed(["init", "--from", "env:local", "--baseline"]);
    expect(stdout).toContain("✅ Exported 1 file to db/schema; built, they make the same database\n");
    expect(await project.read("db/environments/local.yaml")).toBe(environment);
    // The project has its migrations; the database has their changes.
    expect(await filesBelow(project, "db/migrations")).toEqual(["1_users.sql", "confiture.d.ts", "tsconfig.json"]);
    await project.succeed(["migrate", "status", "--exit-code"]);
    await project.succeed(["drift"]);
  });

  test("what cannot go together is refused before anything is done", async () => {
    await using project = await temporaryProject();
    await using live = await cliProject();
    for (const args of [
      ["init", "--dir", "x"],
      ["init", "--from", live.url],
      ["init", "--from", live.url, "--env", "../x"],
      ["init", "--from", live.url, "--env", "local", "--dir", "../x"],
      ["init", "--from", "env:local", "--env", "production"],
    ]) {
      expect(await live.run(args, { cwd: project.dir })).toMatchObject({ exitCode: 2, stdout: "" });
    }
    expect(await filesBelow(project, ".")).toEqual([]);
  });
});

describe("export", () => {
  async function withShop(): Promise<CliProject> {
    const project = await cliProject();
    await project.query(SHOP);
    return project;
  }

  long("refuses a folder that holds something; --force replaces, and keeps and names what was there", async () => {
    await using project = await withShop();
    await project.write("db/schema/10_tables/users.sql", "-- mine\n");
    await project.write("db/schema/10_tables/gone.sql", "CREATE TABLE gone (id int);\n");
    await project.write("db/schema/README.md", "mine\n");
    const refused = await project.run(["export", "--format", "json"]);
    expect(readDocument(refused)).toMatchObject({ exitCode: 1, error: { code: "folder_not_empty" } });
    expect(await project.read("db/schema/10_tables/users.sql")).toBe("-- mine\n");

    const forced = await project.succeed(["export", "--force"]);
    expect(forced.stdout).toContain(
      "removed   db/schema/10_tables/gone.sql (the old one is db/schema/10_tables/gone.sql.bak)\n",
    );
    expect(forced.stdout).toContain("replaced  db/schema/10_tables/users.sql (the old one is");
    expect(await filesBelow(project, "db/schema")).toEqual(
      [...SHOP_FILES, "10_tables/gone.sql.bak", "10_tables/users.sql.bak", "README.md"].toSorted(),
    );
    expect(await project.read("db/schema/10_tables/users.sql.bak")).toBe("-- mine\n");
    await project.succeed(["diff", `env:local`, "schema"]);
    // Once more changes nothing.
    expect((await project.succeed(["export", "--force"])).stdout).toBe(
      "✅ Exported 9 files to db/schema; built, they make the same database\n",
    );
  });

  test("of an empty database says that there is nothing, and what a build needs first", async () => {
    await using project = await cliProject();
    const { stdout, stderr } = await project.succeed(["export"]);
    expect(stdout).toContain("Nothing to export");
    expect(stdout).not.toContain("0 files");
    expect(stderr).toContain("write the first schema file, for example db/schema/10_tables/users.sql");
    await project.write("db/schema/10_tables/users.sql", "CREATE TABLE users (id int);\n");
    await project.succeed(["build"]);
  });

  test("writes one JSON document, and says when no build takes the folder in", async () => {
    await using project = await withShop();
    const result = await project.succeed(["export", "--dir", "db/elsewhere", "--format", "json"]);
    const document = readDocument(result);
    expect(document).toMatchObject({ dir: "db/elsewhere", notExported: [], subscriptions: [], recorded: [] });
    expect(document["files"]).toEqual(SHOP_FILES.map((path) => ({ path: `db/elsewhere/${path}`, fate: "created" })));
    expect(result.stderr).toContain("include_dirs");
  });

  test("--baseline records the project's migrations as applied", async () => {
    await using project = await withShop();
    await project.write("db/migrations/1_users.sql", "CREATE TABLE users (id int);\n");
    const document = readDocument(await project.succeed(["export", "--baseline", "--format", "json"]));
    expect(document["recorded"]).toEqual(["1"]);
    expect(await project.query("SELECT version FROM confiture_migrations")).toEqual([{ version: "1" }]);
    // The ledger is no part of the schema.
    expect(await filesBelow(project, "db/schema")).toEqual(SHOP_FILES);
    await project.succeed(["drift"]);
    expect(await filesBelow(project, "db/migrations")).toEqual(["1_users.sql"]);
  });

  long("--baseline makes the schema the base where there is no migration", async () => {
    await using project = await withShop();
    const document = readDocument(await project.succeed(["export", "--baseline", "--format", "json"]));
    expect(document["recorded"]).toEqual([]);
    expect(document["files"]).toContainEqual({ path: "db/migrations/base.sql", fate: "created" });
    await project.succeed(["drift"]);
    await project.succeed(["verify"]);
  });

  test("what cannot be proven is an error that names it, and nothing is written", async () => {
    await using live = await withShop();
    await live.query(
      "UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'orders'::regclass AND attname = 'id'",
    );
    await using project = await temporaryProject();
    const failed = await live.run(["init", "--from", live.url, "--env", "local", "--format", "json"], {
      cwd: project.dir,
    });
    expect(readDocument(failed)).toMatchObject({
      exitCode: 1,
      error: { code: "export_unproven", message: expect.stringContaining("public.orders.id") },
    });
    expect(await filesBelow(project, ".")).toEqual([]);
  });

  test("what has no statements is named, and with --strict it is a finding", async () => {
    await using project = await withShop();
    await project.query("CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    await project.query("ALTER FUNCTION mine() DEPENDS ON EXTENSION plpgsql");
    const document = readDocument(await project.run(["export", "--strict", "--format", "json"]));
    expect(document).toMatchObject({
      exitCode: 3,
      notExported: [{ kind: "dependency on an extension", count: 1, samples: ["public.mine().plpgsql"] }],
    });
    expect(await project.run(["export", "--force"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("but for what is not exported"),
      stderr: expect.stringContaining("public.mine"),
    });
  });
});
