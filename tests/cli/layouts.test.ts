import { rm } from "node:fs/promises";
import { expect, test } from "bun:test";
import { readDocument } from "./document.ts";
import { cliProject } from "./project.ts";
import { expectRefusal } from "./refusal.ts";

test("a folder in which no name is understood is no folder without migrations", async () => {
  await using project = await cliProject({
    "db/migrations/users.sql": "CREATE TABLE users ();",
    "db/migrations/20240101-posts.sql": "CREATE TABLE posts ();",
  });
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 1,
    code: "migrations_unrecognised",
    names: ["users.sql", "20240101-posts.sql"],
    next: /VERSION_name\.sql[^]*layout:/,
  });
  expect((await project.run(["migrate", "status"])).exitCode).toBe(0);
  const status = await project.run(["migrate", "status", "--exit-code"]);
  expect(status.exitCode).toBe(3);
  expect(status.stderr).toContain("db/migrations/users.sql is left out");
  for (const line of ["migrate test", "migrate plan", "migrate baseline", "lint", "lint --all"]) {
    await expectRefusal(project, line.split(" "), {
      exitCode: 1,
      code: "migrations_unrecognised",
      names: ["users.sql", "20240101-posts.sql"],
    });
  }
  await project.write("db/migrations/001_first.sql", "CREATE TABLE first ();");
  const up = await project.succeed(["migrate", "up"]);
  expect(up.stderr).toContain("db/migrations/users.sql is left out");
});

test("status says which layout was read, and versions are given as it shows them", async () => {
  await using project = await cliProject({
    "db/migrations/V1.2__one.sql": "CREATE TABLE one ();",
    "db/migrations/V1.10__two.sql": "CREATE TABLE two ();",
    "db/migrations/R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT 1 AS a;",
  });
  expect((await project.succeed(["migrate", "status"])).stderr).toContain("Flyway");
  await project.succeed(["migrate", "up", "--to", "1.2"]);
  expect(readDocument(await project.run(["migrate", "status", "--format", "json"]))).toMatchObject({
    layout: "flyway",
    migrations: [
      { version: "1.2", name: "one", state: "applied" },
      { version: "1.10", name: "two", state: "pending" },
      { version: "R__view", name: "", state: "pending" },
    ],
  });
  await project.succeed(["migrate", "resolve", "1.10_two", "--applied"]);
  await project.succeed(["migrate", "up"]);
  await project.write("db/migrations/R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a;");
  const changed = await project.run(["migrate", "status", "--exit-code"]);
  expect({ exitCode: changed.exitCode, says: changed.stdout.includes("runs again") }).toEqual({
    exitCode: 3,
    says: true,
  });
  await project.succeed(["migrate", "up"]);
  expect(await project.query("SELECT a FROM v")).toEqual([{ a: 2 }]);
  await project.write("db/migrations/V1.2__one.sql", "CREATE TABLE one ();\n-- Later\n");
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 7,
    code: "history_edited",
    names: ["1.2_one"],
    next: "confiture migrate accept 1.2",
  });
});

test("a mark of another tool is refused before anything runs, and the environment can say whose the folder is", async () => {
  const boats = "-- +goose Up\nCREATE TABLE boats ();\n\n-- +goose Down\nDROP TABLE boats;\n";
  await using project = await cliProject({
    "db/migrations/00001_a.sql": "SELECT 1;",
    "db/migrations/00002_b.sql": "SELECT 1;",
    "db/migrations/00003_c.sql": "SELECT 1;",
    "db/migrations/00004_boats.sql": boats,
    "db/migrations/00005_d.sql": "SELECT 1;",
    "db/migrations/00006_e.sql": "SELECT 1;",
    "db/migrations/00007_f.sql": "SELECT 1;",
  });
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 1,
    code: "migration_marks",
    place: "db/migrations/00004_boats.sql:1",
    names: ["+goose Up"],
    next: "layout: goose",
  });
});

test("an unknown layout is an error with the nearest one", async () => {
  await using project = await cliProject({ "db/migrations/001_a.sql": "SELECT 1;" });
  const environment = await project.read("db/environments/local.yaml");
  await project.write("db/environments/local.yaml", `${environment}migrations:\n  layout: gose\n`);
  const { exitCode, stderr } = await project.run(["migrate", "up"]);
  expect({ exitCode, says: stderr.includes('"goose"') && stderr.includes("local.yaml:") }).toEqual({
    exitCode: 4,
    says: true,
  });
});

test("a table of dbmate's form is offered to the tool of the folder, and to no tool that has its own elsewhere", async () => {
  await using project = await cliProject({ "db/migrations/001_a.sql": "-- migrate:up\nCREATE TABLE a ();\n" });
  await project.query("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)");
  await project.query("INSERT INTO schema_migrations VALUES ('001')");
  const offered = async (): Promise<string[]> =>
    [...(await project.run(["migrate", "up"])).stderr.matchAll(/baseline --from ([\w-]+)$/gm)].map(([, tool]) => tool!);
  expect(await offered()).toEqual(["dbmate"]);
  await project.write("db/migrations/001_a.sql", "CREATE TABLE a ();\n");
  expect(await offered()).toEqual(["dbmate", "rails"]);
  await project.query("ALTER TABLE schema_migrations ADD dirty boolean NOT NULL DEFAULT false");
  expect(await offered()).toEqual(["golang-migrate"]);
  await expectRefusal(project, ["migrate", "import", "--layout", "dbmate"], {
    exitCode: 1,
    code: "layout_foreign",
    names: ["dbmate runs as it is"],
    next: "confiture migrate baseline --from dbmate",
  });
});

test("an import says what of the environment has to change, and what does not run again any more", async () => {
  await using project = await cliProject({
    "sql/V1__one.sql": "CREATE TABLE one (id int);",
    "sql/views/R__all.sql": "CREATE OR REPLACE VIEW every AS SELECT * FROM one;",
  });
  const { stderr } = await project.succeed(["migrate", "import", "--from", "sql", "--to", "db/new"]);
  expect(stderr).toContain(
    "The new files are read once db/environments/local.yaml says:\n  migrations:\n    dir: db/new\n",
  );
  expect(stderr).toContain("sql/views/R__all.sql ran again whenever it changed; db/new/1.1_all.sql is an ordinary");
  expect(stderr).toContain("confiture migrate generate NAME");
  const environment = await project.read("db/environments/local.yaml");
  await project.write("db/environments/local.yaml", `${environment}migrations:\n  dir: sql\n  layout: flyway\n`);
  const inPlace = await project.succeed(["migrate", "import"]);
  expect(inPlace.stderr).toContain("local.yaml says:\n  migrations:\n    layout: confiture\n");
  expect(inPlace.stderr).not.toContain("dir: sql");
  await project.write("db/environments/local.yaml", `${environment}migrations:\n  dir: sql\n  layout: confiture\n`);
  expect((await project.succeed(["migrate", "up"])).stdout).toContain("1.1_all applied successfully");
});

test("what is left out is told once by up, status and lint", async () => {
  await using project = await cliProject({
    "supabase/migrations/20240101000000_a.sql": "CREATE TABLE a (id bigint PRIMARY KEY);",
    "supabase/migrations/later/20250101000000_b.sql": "CREATE TABLE b ();",
  });
  const environment = await project.read("db/environments/local.yaml");
  await project.write("db/environments/local.yaml", `${environment}migrations:\n  dir: supabase/migrations\n`);
  for (const line of ["lint", "migrate status", "migrate up", "lint --all"]) {
    const { stdout, stderr } = await project.run(line.split(" "));
    const told = `${stdout}${stderr}`.split(
      "supabase/migrations/later is left out: 20250101000000_b.sql in it is not run",
    );
    expect(`${line}: ${told.length - 1}`).toBe(`${line}: 1`);
  }
});

test("lint says that nothing in the migrations folder is a migration, also beside schema files", async () => {
  await using project = await cliProject({
    "db/schema/a.sql": "CREATE TABLE a (id bigint PRIMARY KEY);",
    "db/migrations/changes/users.sql": "CREATE TABLE users ();",
  });
  for (const line of ["lint --all", "lint --all --no-trace", "migrate up"]) {
    await expectRefusal(project, line.split(" "), {
      exitCode: 1,
      code: "migrations_unrecognised",
      names: ["changes"],
      next: /VERSION_name\.sql/,
    });
  }
});

test.each([
  ["sqlx", "_sqlx_migrations"],
  ["flyway", "flyway_schema_history or schema_version"],
  ["prisma", "_prisma_migrations"],
  ["diesel", "__diesel_schema_migrations"],
  ["supabase", "supabase_migrations.schema_migrations"],
  ["golang-migrate", "schema_migrations"],
])("a history of %s that is not there: what was looked for, where, and what is there instead", async (tool, table) => {
  await using project = await cliProject({ "db/migrations/1_a.sql": "CREATE TABLE a ();" });
  const from = ["migrate", "baseline", "--from", tool];
  const names = [`no table ${table} in the database "${project.database}"`];
  await expectRefusal(project, from, {
    exitCode: 7,
    code: "adoption_refused",
    names,
    next: /--from-table SCHEMA\.TABLE/,
  });
  await project.query(
    "CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean, tstamp timestamp)",
  );
  await expectRefusal(project, from, {
    exitCode: 7,
    code: "adoption_refused",
    names,
    next: /public\.goose_db_version is here[^]*confiture migrate baseline --from goose/,
  });
  await project.query("INSERT INTO goose_db_version VALUES (1, 0, true, now())");
  const none = await project.succeed(["migrate", "baseline", "--from", "goose"]);
  expect(none.stderr).toContain("Nothing to record: goose has applied no other migration here");
});

test("a program among the migrations is shown as such, and what comes before it can run", async () => {
  await using project = await cliProject({
    "db/migrations/00001_a.sql": "-- +goose Up\nCREATE TABLE a ();\n",
    "db/migrations/00002_b.go": "package main",
    "db/migrations/00003_c.sql": "-- +goose Up\nCREATE TABLE c ();\n",
  });
  expect((await project.succeed(["migrate", "status"])).stdout).toContain(
    "00002_b (pending; Go, which cannot run here)",
  );
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 1,
    code: "migration_foreign",
    names: ["00002_b.go"],
    next: "confiture migrate up --to 00001",
  });
  await project.succeed(["migrate", "up", "--to", "00001"]);
});

test("golang-migrate's first files are gone: base.sql takes their place, in databases that are as far as it", async () => {
  const history = (version: number): string =>
    `CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);
     INSERT INTO schema_migrations VALUES (${version}, false);`;
  await using project = await cliProject({
    "db/migrations/000043_bio.up.sql": "ALTER TABLE users ADD bio text;\n",
    "db/migrations/000043_bio.down.sql": "ALTER TABLE users DROP bio;\n",
  });
  await project.query(`CREATE TABLE users (id int PRIMARY KEY); ${history(43)}`);
  expect((await project.succeed(["migrate", "down"])).stderr).toContain("Another tool has applied migrations here");
  await project.query("UPDATE schema_migrations SET version = 42");
  const from = ["migrate", "baseline", "--from", "golang-migrate"];
  const refused = readDocument(await project.run([...from, "--format", "json"]));
  expect(refused.error).toMatchObject({
    code: "adoption_refused",
    hint: expect.stringMatching(/up to 42 are gone[^]*migrate base --from env:NAME/),
  });
  await project.succeed(["migrate", "base", "--from", "env:local"]);
  const base = await project.read("db/migrations/base.sql");
  expect(base).toContain("\n-- through: 42\n");
  expect(base).not.toContain("schema_migrations");
  expect((await project.succeed(from)).stdout).toBe("✅ base.sql recorded as applied\n");
  expect((await project.succeed(["migrate", "up"])).stdout).toContain("000043_bio applied");
  expect((await project.succeed(["migrate", "status", "--exit-code"])).stdout).toContain("base.sql");
  await project.succeed(["verify"]);
  // Squashing goes on from there.
  await project.succeed(["migrate", "squash", "--through", "43"]);
  expect(await project.read("db/migrations/base.sql")).toContain("\n-- through: 42\n");
  await project.succeed(["migrate", "up"]);
  // Another database that is behind.
  await project.query("DROP TABLE confiture_migrations; UPDATE schema_migrations SET version = 40");
  await expectRefusal(project, from, { exitCode: 7, code: "adoption_refused", names: ["40", "42"] });
});

const FLYWAY_HISTORY = (table: string): string =>
  `CREATE TABLE ${table} (installed_rank int PRIMARY KEY, version varchar, description varchar, type varchar, script varchar, checksum int,
     installed_by varchar, installed_on timestamp DEFAULT now(), execution_time int, success bool);
   INSERT INTO ${table} VALUES (1, '1', 'one', 'SQL', 'V1__one.sql', NULL, 'me', now(), 1, true)`;

test("a history that the role may not read is not taken for none", async () => {
  await using project = await cliProject({ "db/migrations/V1__one.sql": "CREATE TABLE one (id int);\n" });
  const role = `reader_${project.database}`;
  await project.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT ALL ON SCHEMA public TO ${role}`);
  await project.query(`CREATE SCHEMA ops; ${FLYWAY_HISTORY("ops.flyway_schema_history")}`);
  const { host, port } = project.server;
  const as = ["--database-url", `postgres://${role}:x@${host}:${port}/${project.database}`];
  await expectRefusal(project, ["migrate", "up", ...as], {
    exitCode: 7,
    code: "adoption_refused",
    names: ['"ops"."flyway_schema_history"', role],
    next: `GRANT USAGE ON SCHEMA "ops" TO "${role}"`,
  });
  expect((await project.succeed(["migrate", "status", ...as])).stderr).toContain(
    `GRANT SELECT ON "ops"."flyway_schema_history" TO "${role}"`,
  );
  await project.query(`GRANT USAGE ON SCHEMA ops TO ${role}; GRANT SELECT ON ops.flyway_schema_history TO ${role}`);
  await project.succeed(["migrate", "baseline", "--from", "flyway", ...as]);
  expect((await project.succeed(["migrate", "up", ...as])).stderr).toContain("No pending migrations");
  // Another application's, in a schema of its own.
  await using own = await cliProject({ "db/migrations/001_one.sql": "CREATE TABLE one (id int);\n" });
  await own.query(`GRANT ALL ON SCHEMA public TO ${role}; CREATE SCHEMA auth`);
  await own.query("CREATE TABLE auth.schema_migrations (version varchar PRIMARY KEY)");
  const asOther = ["--database-url", `postgres://${role}:x@${host}:${port}/${own.database}`];
  await own.succeed(["migrate", "up", ...asOther]);
  await own.query("DROP TABLE confiture_migrations, one; CREATE TABLE schema_migrations (version varchar PRIMARY KEY)");
  await expectRefusal(own, ["migrate", "up", ...asOther], {
    exitCode: 7,
    code: "adoption_refused",
    names: ['"public"."schema_migrations"', "dbmate"],
    next: /confiture migrate baseline .*--proven/,
  });
  // The way on: nothing of the migrations is there.
  await own.succeed(["migrate", "baseline", "--proven", ...asOther]);
  await own.succeed(["migrate", "up", ...asOther]);
  await own.query(`DROP OWNED BY ${role}`);
  await project.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});

test("a schema that a tool's settings name is asked for before anything runs elsewhere", async () => {
  await using project = await cliProject({
    "db/migrations/V1__one.sql": "CREATE TABLE one (id int);\n",
    "flyway.conf": "# flyway.defaultSchema=no\nflyway.url=x\nflyway.schemas=app, other\n",
  });
  await project.query("CREATE SCHEMA app");
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 4,
    code: "config_invalid",
    place: "flyway.conf:3",
    names: ["schemas of Flyway is app", '"public"'],
    next: "options: -c search_path=app,public",
  });
  await project.write("flyway.toml", '[flyway]\ndefaultSchema = "app" # ours\n');
  const { stderr } = await project.run(["migrate", "up"]);
  expect(stderr).toContain("flyway.toml:2");
  await project.write("src/main/resources/application.yaml", "spring:\n  flyway:\n    default-schema: app\n");
  for (const file of ["flyway.toml", "flyway.conf"]) await rm(project.path(file));
  expect((await project.run(["migrate", "up"])).stderr).toContain("src/main/resources/application.yaml:3");
  const local = await project.read("db/environments/local.yaml");
  await project.write("db/environments/local.yaml", `${local}  options: -c search_path=app,public\n`);
  await project.succeed(["migrate", "up"]);
  expect(await project.query("SELECT to_regclass('app.one')::text AS one")).toEqual([{ one: "app.one" }]);

  // The embedded engine takes no options.
  await project.write("db/environments/inside.yaml", "database:\n  engine: embedded\n");
  const inside = await project.run(["migrate", "up", "-e", "inside"]);
  const [, sql = ""] = /db sql -e inside '(ALTER DATABASE [^']*)'/.exec(inside.stderr) ?? [];
  await project.succeed(["db", "sql", "-e", "inside", `CREATE SCHEMA app; ${sql}`]);
  await project.succeed(["migrate", "up", "-e", "inside"]);
  const { stdout } = await project.succeed([
    "db",
    "sql",
    "-e",
    "inside",
    "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'one'",
  ]);
  expect(stdout).toContain(" app");
});

test.each([
  ["flyway.conf", "flyway.table=done", "flyway", FLYWAY_HISTORY("done"), "V1__one.sql", ""],
  [
    "dbconfig.yml",
    "development:\n  dialect: postgres\n  table: done",
    "sql-migrate",
    "CREATE TABLE done (id text PRIMARY KEY, applied_at timestamptz); INSERT INTO done VALUES ('1_one.sql', now())",
    "1_one.sql",
    "-- +migrate Up\n",
  ],
  [
    ".env",
    "export GOOSE_TABLE=ops.done",
    "goose",
    "CREATE SCHEMA ops; CREATE TABLE ops.done (id serial, version_id bigint, is_applied bool, tstamp timestamp DEFAULT now()); INSERT INTO ops.done (version_id, is_applied) VALUES (1, true)",
    "1_one.sql",
    "-- +goose Up\n",
  ],
  [
    ".env",
    "DBMATE_MIGRATIONS_TABLE='done'",
    "dbmate",
    "CREATE TABLE done (version varchar PRIMARY KEY); INSERT INTO done VALUES ('1')",
    "1_one.sql",
    "-- migrate:up\n",
  ],
  [
    "tern.conf",
    "[database]\nversion_table = public.done",
    "tern",
    "CREATE TABLE done (version int); INSERT INTO done VALUES (1)",
    "1_one.sql",
    "---- create above / drop below ----\n",
  ],
  [
    "src/main/resources/application.properties",
    "spring.datasource.url=x\nspring.flyway.table=done",
    "flyway",
    FLYWAY_HISTORY("done"),
    "V1__one.sql",
    "",
  ],
  [
    "src/main/resources/application.yml",
    "table: no\nspring:\n  flyway:\n    # table: no\n    locations:\n      - classpath:db\n\n    table: done # ours\n  jpa:\n    table: no",
    "flyway",
    FLYWAY_HISTORY("done"),
    "V1__one.sql",
    "",
  ],
  [
    "config/default.json",
    '{"db": {"url": "x",\n "migrations-table": "done"}}',
    "node-pg-migrate",
    "CREATE TABLE done (id serial, name varchar, run_on timestamp); INSERT INTO done (name, run_on) VALUES ('1_one', now())",
    "1_one.sql",
    "-- Up Migration\n",
  ],
])("a history is found where %s says that it is: %s", async (file, setting, tool, history, migration, mark) => {
  const sql = "CREATE TABLE one (id int);\n";
  const text = tool === "tern" ? `${sql}${mark}DROP TABLE one;\n` : `${mark}${sql}`;
  await using project = await cliProject({ [file]: `${setting}\n`, [`db/migrations/${migration}`]: text });
  await project.query(`${history}; CREATE TABLE one (id int)`);
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 7,
    code: "adoption_refused",
    names: ["done"],
    next: `confiture migrate baseline --from ${tool}`,
  });
  await project.succeed(["migrate", "baseline", "--from", tool]);
  expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
});

test.each([
  ["done", 'export default defineConfig({ migrations: { prefix: "index", table: "done", schema: "public" } });\n'],
  ["__drizzle_migrations", 'export default defineConfig({ migrations: { schema: "public" } });\n'],
])("Drizzle's history is found where its settings put it: %s", async (table, settings) => {
  const sql = "CREATE TABLE one (id int);\n";
  await using project = await cliProject({
    "drizzle.config.ts": settings,
    "db/migrations/meta/_journal.json": '{"entries":[{"tag":"0000_one","when":1}]}',
    "db/migrations/0000_one.sql": sql,
  });
  const hash = new Bun.CryptoHasher("sha256").update(sql).digest("hex");
  await project.query(
    `${sql} CREATE TABLE ${table} (id serial, hash text, created_at bigint); INSERT INTO ${table} (hash, created_at) VALUES ('${hash}', 1)`,
  );
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 7,
    code: "adoption_refused",
    names: [table],
    next: "confiture migrate baseline --from drizzle",
  });
  await project.succeed(["migrate", "baseline", "--from", "drizzle"]);
  expect((await project.succeed(["migrate", "up"])).stderr).toContain("No pending migrations");
});
